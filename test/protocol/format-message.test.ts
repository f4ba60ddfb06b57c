import { describe, expect, it } from '@jest/globals';
import { plainText, type WrittenMessage } from '../../lib/protocol/attached-message.js';
import * as format from '../../lib/protocol/format-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';

describe('formatted messages', () => {
  it.each<[WrittenMessage, string]>([
    [format.formatHandshakeRequest({ application: 'app' }), "{handshake:[0,'app']}"],
    [
      format.formatHandshakeRequest({ application: 'app', version: '^1.0.0' }),
      "{handshake:[0,'app','^1.0.0']}",
    ],
    [
      format.formatHandshakeRequest({
        application: 'app',
        version: '1',
        strategy: 'login',
        credentials: ['u', 'p'],
      }),
      "{handshake:[0,'app','1'],login:['u','p']}",
    ],
    [
      format.formatHandshakeRequest({
        application: 'app',
        extensions: { nest: 1 },
        strategy: 'session',
        credentials: ['id', 5],
      }),
      "{handshake:[0,'app','',{nest:1}],session:['id',5]}",
    ],
    [
      format.formatHandshakeRequest({ application: "it's", strategy: 'my way', id: 3 }),
      "{handshake:[3,\"it's\"],'my way':[]}",
    ],
    [format.formatHandshakeOk(0, 'id'), "{handshake:[0],ok:'id'}"],
    [format.formatHandshakeOk(0, 5, { nest: 1 }), '{handshake:[0,null,{nest:1}],ok:5}'],
    [format.formatHandshakeOk(1, 5, { stream: 1 }), '{handshake:[1,null,{stream:1}],ok:5}'],
    [format.formatHandshakeOk(1, 5), '{handshake:[1],ok:5}'],
    [format.formatHandshakeError(1, [15]), '{handshake:[1],error:[15]}'],
    [format.formatCall(1, 'iface', 'method', ['a', 2]), "{call:[1,'iface'],method:['a',2]}"],
    [format.formatCall(1, undefined, 'method', []), '{call:[1],method:[]}'],
    [format.formatCall(1, 'i', 'm', [], { timeout: 5 }), "{call:[1,'i',{timeout:5}],m:[]}"],
    [format.formatCall(1, undefined, 'a.b', [], { a: 1 }), "{call:[1,null,{a:1}],'a.b':[]}"],
    [format.formatCall(1, undefined, 'a.b', [], {}), "{call:[1],'a.b':[]}"],
    [format.formatCall(1, 'i', 'm', [], { a: undefined }), "{call:[1,'i'],m:[]}"],
    [format.formatEvent(-2, 'i', 'name', [null]), "{event:[-2,'i'],name:[null]}"],
    [format.formatEvent(-2, 'i', '17', [], { a: 1 }), "{event:[-2,'i',{a:1}],'17':[]}"],
    [format.formatCallbackOk(1, ['r']), "{callback:[1],ok:['r']}"],
    [format.formatCallbackOk(1, []), '{callback:[1],ok:[]}'],
    [
      format.formatCallbackOk(1, [2], 256, format.formatCallbackHeader(1, { a: 1 })),
      '{callback:[1,{a:1}],ok:[2]}',
    ],
    [format.formatCallbackOk(1, [2], 256, format.formatCallbackHeader(1, {})), '{callback:[1],ok:[2]}'],
    [
      format.formatCallbackError(-1, [12], 256, format.formatCallbackHeader(-1, { a: 1 })),
      '{callback:[-1,{a:1}],error:[12]}',
    ],
    [format.formatCallbackError(1, [12, 'x']), "{callback:[1],error:[12,'x']}"],
    [format.formatInspect(3, 'iface'), "{inspect:[3,'iface']}"],
    [format.formatPing(4), '{ping:[4]}'],
    [format.formatPong(-4), '{pong:[-4]}'],
    [format.formatStreamItem(5, 1, { a: 1 }), '{stream:[5,1],data:[{a:1}]}'],
    [format.formatStreamItem(5, 1, undefined), '{stream:[5,1],data:[undefined]}'],
    [format.formatStreamCredit(5, 64), '{stream:[5],credit:[64]}'],
    [format.formatCancel(5), '{cancel:[5]}'],
    [format.formatBye('moved'), "{bye:['moved']}"],
    [format.HEARTBEAT_TEXT, '{}'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
    expect(parseMessage(text, nodeDecoder, DEFAULT_LIMITS).kind).not.toBe('unknown');
  });

  it.each(['17', '', 'call', '__proto__', "it's", '\0\r\n\u2028', 'имя', '\ud800'])(
    'carry the name %j',
    (name) => {
      const text = format.formatCall(1, name, name, [name], { [name === '__proto__' ? 'x' : name]: name });
      expect(text).not.toMatch(/[\0\r\n\u2028\u2029]/);
      expect(parseMessage(text, nodeDecoder, DEFAULT_LIMITS)).toMatchObject({
        interfaceName: name,
        method: name,
        args: [name],
      });
    },
  );

  it.each<[WrittenMessage, number, string]>([
    [format.formatCall(1, 'i', 'm', ['[7]']), 12, "{call:[12,'i'],m:['[7]']}"],
    [format.formatCall(-120, undefined, 'm', [], { a: [1] }), -3, '{call:[-3,null,{a:[1]}],m:[]}'],
    [format.formatEvent(9, 'i', 'e', [1]), 10, "{event:[10,'i'],e:[1]}"],
    [format.formatInspect(2 ** 52, 'i'), 1, "{inspect:[1,'i']}"],
    [format.formatPing(5), 6, '{ping:[6]}'],
    [format.formatCall(4, 'i', 'm', ['x'.repeat(50_000)]), 5, `{call:[5,'i'],m:['${'x'.repeat(50_000)}']}`],
  ])('get another number: %.40s', (text, id, wanted) => {
    expect(format.renumber(text, id)).toBe(wanted);
  });

  it('carry arguments of any size', () => {
    const args = [
      'x'.repeat(1_000_000),
      Array.from({ length: 1000 }, (_, i) => ({ i })),
      'é'.repeat(100_000),
    ];
    const text = format.formatCall(1, 'i', 'm', args);
    expect(parseMessage(Buffer.from(plainText(text)), nodeDecoder, DEFAULT_LIMITS)).toMatchObject({ args });
  });

  it('do without what cannot be written', () => {
    expect(() => format.formatCall(1, 'i', 'm', [1n])).toThrow(TypeError);
    expect(format.formatCall(1, 'i', 'm', [() => 0])).toBe("{call:[1,'i'],m:[null]}");
  });
});
