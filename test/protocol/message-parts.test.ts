import { describe, expect, it } from '@jest/globals';
import { plainText } from '../../lib/protocol/attached-message.js';
import { formatCall, formatCallbackOk, formatEvent } from '../../lib/protocol/format-message.js';
import { partsOf } from '../../lib/protocol/message-parts.js';

const LARGE = 'large '.repeat(20_000);

describe('partsOf', () => {
  it.each([
    ['call', () => formatCall(1, 'iface', 'method', [LARGE]), "{call:[1,'iface'],method:['"],
    ['event', () => formatEvent(2, 'iface', 'event', [LARGE]), "{event:[2,'iface'],event:['"],
    ['callback', () => formatCallbackOk(3, [LARGE]), "{callback:[3],ok:['"],
  ])('gives the parts of a %s with one large string', (_kind, format, head) => {
    const text = plainText(format());
    expect(text).toBe(`${head}${LARGE}']}`);
    expect(partsOf(text)).toStrictEqual([head, LARGE, "']}"]);
  });

  it('gives the parts once', () => {
    const text = plainText(formatCallbackOk(1, [LARGE]));
    expect(partsOf(text)).toHaveLength(3);
    expect(partsOf(text)).toStrictEqual([text]);
  });

  it('keeps nothing beyond the tick', async () => {
    const text = plainText(formatCallbackOk(1, [LARGE]));
    await new Promise((resolve) => process.nextTick(resolve));
    expect(partsOf(text)).toStrictEqual([text]);
  });

  it('gives the text itself where another one of the same length was put together after it', () => {
    const text = plainText(formatCallbackOk(1, [LARGE]));
    const other = plainText(formatCallbackOk(2, [LARGE]));
    expect(partsOf(text)).toStrictEqual([text]);
    expect(partsOf(other).join('')).toBe(other);
  });

  it.each([
    ['that has to be escaped', [`${LARGE}'`], `{callback:[1],ok:["${LARGE}'"]}`],
    ['beside another value', [LARGE, 1], `{callback:[1],ok:['${LARGE}',1]}`],
  ])('gives the text itself for a large string %s', (_what, results, expected) => {
    const text = plainText(formatCallbackOk(1, results));
    expect(text).toBe(expected);
    expect(partsOf(text)).toStrictEqual([text]);
  });
});
