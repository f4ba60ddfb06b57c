import { describe, expect, it, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { headOf, type MessageHead } from '../../lib/protocol/message-head.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';

/** The head of a text, which is the same as text and as bytes. */
function head(text: string): MessageHead | undefined {
  const ofText = headOf(text, null, DEFAULT_LIMITS);
  expect(headOf(Buffer.from(text), nodeDecoder, DEFAULT_LIMITS)).toEqual(ofText);
  return ofText;
}

describe('headOf', () => {
  it.each([
    "{call:[1,'i',{a:'b'}],m:[]}",
    "{callback:[-1],ok:['']}",
    "{event:[2,'i'],e:[]}",
    "{inspect:[3,'i']}",
    '{ping:[4]}',
    '{pong:[5]}',
    '{stream:[6,1],data:[1]}',
    '{stream:[7],credit:[64]}',
    '{cancel:[8]}',
    '{bye:[]}',
    '{}',
    '{other:[1]}',
  ])('says of %s what the whole message is', (text) => {
    const { kind, id, callId }: MessageHead = parseMessage(text, null, DEFAULT_LIMITS);
    for (const more of ['', `,of:'${'я'.repeat(20_000)}'`]) {
      const large = text === '{}' ? text : text.replace(/}$/, `${more}}`);
      expect({ id: undefined, callId: undefined, ...head(large) }).toEqual({ kind, id, callId });
    }
  });

  it('reads no arguments, and so tells nothing of their flaws', () => {
    expect(head("{call:[1,'i'],m:[}{")).toEqual({ kind: 'call', id: 1 });
  });

  it.each([
    ['a header that does not end in the first 16 KiB', `{call:[1,'${'x'.repeat(16 * 1024)}'],m:[]}`],
    ['what is no message', '[1]'],
    ['nothing', ''],
  ])('tells nothing of %s', (_title, text) => {
    expect(head(text)).toBeUndefined();
  });

  test.each([0, 1, 2, 3])('reads up to a character that is cut in the middle (%i)', (shift) => {
    const text = `{stream:[1,2],data:['${'x'.repeat(shift)}${'😀'.repeat(10_000)}']}`;
    expect(head(text)).toEqual({ kind: 'streamItem', callId: 1 });
  });
});
