import { describe, expect, it } from '@jest/globals';
import { plainText } from '../../lib/protocol/attached-message.js';
import { formatCall, formatCallbackOk, formatEvent } from '../../lib/protocol/format-message.js';
import { stringify } from '../../lib/mdsf/index.js';
import { partsOf } from '../../lib/protocol/message-parts.js';

const LARGE = 'large '.repeat(20_000);
const ROWS = Array.from({ length: 2000 }, (_, id) => ({ id, name: `Person number ${id}` }));

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
    ['with a large string that has to be escaped', [`${LARGE}'`], `["${LARGE}'"]`],
    ['with a large string beside another value', [LARGE, 1], `['${LARGE}',1]`],
    ['of many rows', [ROWS], stringify([ROWS])],
  ])('gives the text of values %s as one part', (_what, results, values) => {
    const text = plainText(formatCallbackOk(1, results));
    expect(text).toBe(`{callback:[1],ok:${values}}`);
    expect(partsOf(text)).toStrictEqual(['{callback:[1],ok:', values, '}']);
  });

  it('gives the text itself of a message without a large string or value', () => {
    const text = plainText(formatCallbackOk(1, ['small', ROWS.slice(0, 20)]));
    expect(partsOf(text)).toStrictEqual([text]);
  });
});
