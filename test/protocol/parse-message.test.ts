import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import type { Message } from '../../lib/protocol/message.js';
import { parseMessage, UNMATCHABLE_VERSION } from '../../lib/protocol/parse-message.js';
import { ProtocolError } from '../../lib/protocol/protocol-error.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';

function read(text: string): Message {
  const message = parseMessage(text, nodeDecoder, DEFAULT_LIMITS);
  expect(parseMessage(Buffer.from(text), nodeDecoder, DEFAULT_LIMITS)).toStrictEqual(message);
  return message;
}

function refused(data: string | Uint8Array): ProtocolError {
  try {
    parseMessage(data, nodeDecoder, DEFAULT_LIMITS);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

/** A message without the number of its values. */
function uncounted(text: string): unknown {
  return { ...read(text), values: undefined };
}

describe('parseMessage - calls and events', () => {
  it('reads a call', () => {
    expect(read("{call:[1,'iface'],method:['a',{b:2}]}")).toStrictEqual({
      kind: 'call',
      id: 1,
      interfaceName: 'iface',
      method: 'method',
      args: ['a', { b: 2 }],
      metadata: undefined,
      sources: undefined,
      values: 8,
    });
  });

  it('reads a call of which arguments are streams, and messages about these', () => {
    expect(read("{call:[1,'iface',null,[0]],method:[null]}")).toMatchObject({
      metadata: undefined,
      sources: [0],
    });
    const about = { callId: -1, place: 2 };
    expect(read('{source:[-1,2,3],data:[{a:1}]}')).toStrictEqual({
      kind: 'sourceItem',
      ...about,
      n: 3,
      value: { a: 1 },
      values: 8,
    });
    const end = { kind: 'sourceEnd', ...about, n: 3 };
    expect(read('{source:[-1,2,3],end:[]}')).toStrictEqual({ ...end, error: undefined });
    expect(read("{source:[-1,2,3],error:[1001,'x']}")).toStrictEqual({ ...end, error: [1001, 'x'] });
    expect(read("{source:[-1,2,3],error:['x']}")).toStrictEqual({ ...end, error: [1, 'x'] });
    expect(read('{source:[-1,2],credit:[9]}')).toStrictEqual({ kind: 'sourceCredit', ...about, limit: 9 });
    expect(read('{source:[-1,2],cancel:[]}')).toStrictEqual({ kind: 'sourceCancel', ...about });
  });

  it('reads an event with metadata', () => {
    expect(read("{event:[-2,'iface',{traceparent:'x'}],name:[]}")).toStrictEqual({
      kind: 'event',
      id: -2,
      interfaceName: 'iface',
      event: 'name',
      args: [],
      metadata: { traceparent: 'x' },
      values: 7,
    });
  });

  it.each([
    ['[]', 0],
    ['[1,,[],{a:1}]', 5],
    [`[${'7.25,'.repeat(100)}]`, 100],
    [`[${'[],'.repeat(100)}{"я":1}]`, 102],
    [`{"я":[${'7.25,'.repeat(99)}{}]}`, 101],
  ])('counts the values of %s', (args, count) => {
    expect(read(`{call:[1,'i'],m:${args}}`)).toMatchObject({ values: 5 + count });
    expect(read(`{event:[1,'i'],m:${args}}`)).toMatchObject({ values: 5 + count });
  });

  it('reads JSON text in the same way', () => {
    expect(read('{"call": [1, "iface"], "method": [1, "a"]}')).toStrictEqual(
      read("{call:[1,'iface'],method:[1,'a']}"),
    );
  });

  it.each(['{length:0}', 'null', "'text'", '5', '{}', 'undefined'])(
    'takes the arguments %s for none',
    (args) => {
      expect(read(`{call:[1,'i'],m:${args}}`)).toMatchObject({ method: 'm', args: undefined });
      expect(read(`{event:[1,'i'],m:${args}}`)).toMatchObject({ event: 'm', args: undefined });
    },
  );

  it('takes a call without a second key for one without method', () => {
    expect(read("{call:[1,'i']}")).toMatchObject({ kind: 'call', method: undefined, args: undefined });
  });

  it.each(['[1]', '[1,null]', '[1,5]', '[1,[]]', '[1,{}]', '[1,,{}]'])(
    'takes no interface from the header %s',
    (header) => {
      expect(read(`{call:${header},m:[]}`)).toMatchObject({ interfaceName: undefined });
      expect(read(`{event:${header},m:[]}`)).toMatchObject({ interfaceName: undefined });
      expect(read(`{inspect:${header}}`)).toMatchObject({ interfaceName: undefined });
    },
  );

  it.each(['null', '[]', "'x'", '5', 'true'])(
    'takes metadata only from an object, not from %s',
    (metadata) => {
      expect(read(`{call:[1,'i',${metadata}],m:[]}`)).toMatchObject({ metadata: undefined });
    },
  );

  it.each(['17', '', 'call', 'event', 'ok', '__proto__', 'constructor', 'a b'])(
    'reads the method %j in the order of the text',
    (name) => {
      const key = JSON.stringify(name);
      expect(read(`{call:[1,'i'],${key}:[1]}`)).toMatchObject({
        kind: 'call',
        id: 1,
        method: name,
        args: [1],
      });
      expect(read(`{"call":[1,"i"],${key}:[${'1,'.repeat(200)}"я"]}`)).toMatchObject({
        kind: 'call',
        id: 1,
        method: name,
      });
    },
  );

  it('ignores further keys, repeated ones too, but not their flaws', () => {
    const numbers = `[${'1.5,'.repeat(100)}2]`;
    for (const args of ['[1]', numbers]) {
      const message = uncounted(`{call:[1,'i'],m:${args}}`);
      expect(uncounted(`{call:[1,'i'],m:${args},call:[2],m:[3],x:{y:[]},}`)).toStrictEqual(message);
      expect(refused(`{call:[1,'i'],m:${args},x:}`)).toBeInstanceOf(ProtocolError);
      expect(refused(`{call:[1,'i'],m:${args},x:1`)).toBeInstanceOf(ProtocolError);
      expect(refused(`{call:[1,'i'],m:${args}}}`)).toBeInstanceOf(ProtocolError);
    }
  });

  it('reads large arguments whatever they look like', () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ id: i, имя: `имя ${i}`, value: i * 1.37 }));
    const numbers = rows.map((row) => row.value);
    for (const args of [[rows], [numbers], [numbers, rows], [numbers, 'end']]) {
      expect(read(`{call:[1,'i'],m:${JSON.stringify(args)}}`)).toMatchObject({ args });
      expect(read(` {"call": [1,"i"], "m": ${JSON.stringify(args, null, 1)} } \n`)).toMatchObject({ args });
    }
  });
});

describe('parseMessage - the other kinds', () => {
  it.each<[string, Message]>([
    ['{}', { kind: 'empty' }],
    [' { } ', { kind: 'empty' }],
    ["{inspect:[3,'iface']}", { kind: 'inspect', id: 3, interfaceName: 'iface' }],
    ['{ping:[4]}', { kind: 'ping', id: 4 }],
    ['{pong:[-4]}', { kind: 'pong', id: -4 }],
    ['{ping:[4],x:[1]}', { kind: 'ping', id: 4 }],
    [
      "{callback:[1],ok:['r']}",
      { kind: 'callback', id: 1, ok: ['r'], error: undefined, metadata: undefined },
    ],
    [
      '{callback:[1,{a:1}],ok:[2]}',
      { kind: 'callback', id: 1, ok: [2], error: undefined, metadata: { a: 1 } },
    ],
    [
      '{callback:[1,{a:1}],error:[7]}',
      { kind: 'callback', id: 1, ok: undefined, error: [7], metadata: { a: 1 } },
    ],
    ['{callback:[1,[2]],ok:[]}', { kind: 'callback', id: 1, ok: [], error: undefined, metadata: undefined }],
    ['{callback:[1],ok:[]}', { kind: 'callback', id: 1, ok: [], error: undefined, metadata: undefined }],
    [
      "{callback:[1],error:[12,'x',{}]}",
      { kind: 'callback', id: 1, ok: undefined, error: [12, 'x', {}], metadata: undefined },
    ],
    [
      '{callback:[1e12],ok:[]}',
      { kind: 'callback', id: 1e12, ok: [], error: undefined, metadata: undefined },
    ],
    ['{stream:[5,1],data:[{a:1}]}', { kind: 'streamItem', callId: 5, n: 1, value: { a: 1 } }],
    ['{stream:[5,0],data:[]}', { kind: 'streamItem', callId: 5, n: 0, value: undefined }],
    ['{stream:[5],credit:[64]}', { kind: 'streamCredit', callId: 5, limit: 64 }],
    ['{cancel:[5]}', { kind: 'cancel', callId: 5 }],
    ["{bye:['moved']}", { kind: 'bye', reason: 'moved' }],
    ["{bye:['taken']}", { kind: 'bye', reason: 'taken' }],
    ["{bye:['close']}", { kind: 'bye', reason: 'close' }],
    ["{bye:['whatever']}", { kind: 'bye', reason: 'close' }],
    ['{bye:[]}', { kind: 'bye', reason: 'close' }],
    ['{health:1,x:2}', { kind: 'unknown', name: 'health' }],
    ['{__proto__:[1]}', { kind: 'unknown', name: '__proto__' }],
    ['{constructor:[1],toString:[]}', { kind: 'unknown', name: 'constructor' }],
  ])('reads %s', (text, message) => {
    expect(read(text)).toStrictEqual(message);
  });

  it.each<[string, unknown[]]>([
    ["['text']", [1, 'text']],
    ["['E_CODE','text',5]", [1, 'text', 5]],
    ['[null]', [1, null]],
    ["[{},'text']", [1, 'text']],
    ['[1.5]', [1.5]],
  ])('makes the error %s one with a number', (error, expected) => {
    expect(read(`{callback:[1],error:${error}}`)).toMatchObject({ error: expected });
    expect(read(`{handshake:[0],error:${error}}`)).toMatchObject({ error: expected });
  });
});

describe('parseMessage - handshakes', () => {
  const request = { kind: 'handshakeRequest', id: 0, application: 'app', extensions: undefined };

  it.each([
    [
      "{handshake:[0,'app']}",
      { ...request, version: undefined, strategy: 'anonymous', credentials: undefined },
    ],
    [
      "{handshake:[0,'app','^1.0.0'],login:['user','pass']}",
      { ...request, version: '^1.0.0', strategy: 'login', credentials: ['user', 'pass'] },
    ],
    [
      "{handshake:[0,'app',''],session:['id',5]}",
      { ...request, version: undefined, strategy: 'session', credentials: ['id', 5] },
    ],
    ["{handshake:[0,'app',null],x:1}", { ...request, version: undefined, strategy: 'x', credentials: 1 }],
    [
      "{handshake:[0,'app','',{nest:1}],anonymous:[]}",
      { ...request, version: undefined, extensions: { nest: 1 }, strategy: 'anonymous', credentials: [] },
    ],
  ])('reads the request %s', (text, message) => {
    expect(read(text)).toStrictEqual(message);
  });

  it.each(['5', 'true', '{}', '[1]', `'${'1 || '.repeat(100)}1'`])(
    'takes the version %s for one that nothing matches',
    (version) => {
      expect(read(`{handshake:[0,'app',${version}]}`)).toMatchObject({ version: UNMATCHABLE_VERSION });
    },
  );

  it('takes a version of 256 characters, and does not read a longer one', () => {
    expect(read(`{handshake:[0,'app','${'1'.repeat(256)}']}`)).toMatchObject({ version: '1'.repeat(256) });
    expect(read(`{handshake:[0,'app','${'1'.repeat(257)}']}`)).toMatchObject({
      version: UNMATCHABLE_VERSION,
    });
    const short = { ...DEFAULT_LIMITS, maxVersionRangeLength: 3 };
    expect(parseMessage("{handshake:[0,'a','1.00']}", nodeDecoder, short)).toMatchObject({
      version: UNMATCHABLE_VERSION,
    });
  });

  const response = { kind: 'handshakeResponse', id: 0, extensions: undefined };
  it.each([
    ["{handshake:[0],ok:'id'}", { ...response, ok: 'id', error: undefined }],
    ['{handshake:[0],ok:7}', { ...response, ok: 7, error: undefined }],
    [
      "{handshake:[0,null,{nest:1}],ok:'id'}",
      { ...response, extensions: { nest: 1 }, ok: 'id', error: undefined },
    ],
    ["{handshake:[0,''],ok:'id'}", { ...response, ok: 'id', error: undefined }],
    ["{handshake:[0],error:[11,'no']}", { ...response, ok: undefined, error: [11, 'no'] }],
  ])('reads the answer %s', (text, message) => {
    expect(read(text)).toStrictEqual(message);
  });

  it.each([
    '{handshake:[0]}',
    '{handshake:[0],ok:null}',
    '{handshake:[0],ok:[1]}',
    '{handshake:[0],error:[]}',
    '{handshake:[0],error:5}',
    '{handshake:[0],login:[]}',
    '{handshake:[0,5]}',
    "{handshake:[0,['app']]}",
    "{handshake:['0','app']}",
    '{handshake:[]}',
    '{handshake:{}}',
  ])('refuses %s', (text) => {
    expect(refused(text).code).toBe('ERR_JSTP_PROTOCOL');
  });
});

describe('parseMessage - what ends the reference', () => {
  it.each([
    '{handshake:null}',
    '{handshake:[0],error:1}',
    'null',
    '{call:null}',
    '{event:null}',
    '{ping:null}',
  ])('refuses %s with a ProtocolError', (text) => {
    expect(refused(text)).toMatchObject({ name: 'ProtocolError', code: 'ERR_JSTP_PROTOCOL' });
    expect(refused(Buffer.from(text))).toBeInstanceOf(ProtocolError);
  });

  it.each([
    '{callback:[1],ok:5}',
    '{callback:[1],error:[]}',
    '{callback:[1],error:5}',
    '{callback:[1]}',
    '{callback:[1],x:[]}',
  ])('refuses the callback %s', (text) => {
    expect(refused(text)).toBeInstanceOf(ProtocolError);
  });

  it.each<[string, object]>([
    ['{handshake:[0],ok:1}', { kind: 'handshakeResponse', ok: 1 }],
    ['{handshake:[0],error:[1]}', { kind: 'handshakeResponse', error: [1] }],
    [
      "{handshake:[0,'a'],session:null}",
      { kind: 'handshakeRequest', strategy: 'session', credentials: null },
    ],
    ["{handshake:[0,'a'],session:['id',1e12]}", { kind: 'handshakeRequest', credentials: ['id', 1e12] }],
    ["{call:[1,'i'],m:{length:0}}", { kind: 'call', args: undefined }],
    [
      "{call:[1,'__proto__'],__defineGetter__:[]}",
      { interfaceName: '__proto__', method: '__defineGetter__', args: [] },
    ],
    [
      "{call:[1,'constructor'],setPrototypeOf:[]}",
      { interfaceName: 'constructor', method: 'setPrototypeOf' },
    ],
    ['{callback:[1e12],ok:[]}', { kind: 'callback', id: 1e12 }],
  ])('reads %s as a message like any other', (text, message) => {
    expect(read(text)).toMatchObject(message);
  });

  it('sets no prototype anywhere', () => {
    const message = read(
      "{call:[1,'i',{__proto__:{isAdmin:true}}],m:[{__proto__:{isAdmin:true}}],__proto__:{isAdmin:true}}",
    );
    expect((message as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const { args = [], metadata = {} } = message.kind === 'call' ? message : {};
    for (const object of [args[0], metadata]) {
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(Object.keys(object as object)).toStrictEqual(['__proto__']);
    }
    expect(Object.keys(Object.prototype)).toStrictEqual([]);
  });

  it('reads a range of 300 KB without handing it on', () => {
    expect(read(`{handshake:[0,'a','${'1 || '.repeat(60_000)}']}`)).toMatchObject({
      version: UNMATCHABLE_VERSION,
    });
  });
});

describe('parseMessage - what is no message', () => {
  it.each([
    '',
    ' ',
    '5',
    "'text'",
    '[]',
    'x',
    '{',
    '{call',
    '{}{}',
    "{call:[1,'i'],m:[]} x",
    '{call:[1],m:[}',
  ])('refuses %j', (text) => {
    expect(refused(text)).toBeInstanceOf(ProtocolError);
    expect(refused(Buffer.from(text))).toBeInstanceOf(ProtocolError);
  });

  const kinds = [
    'call',
    'callback',
    'event',
    'inspect',
    'ping',
    'pong',
    'handshake',
    'stream',
    'source',
    'cancel',
  ];
  it.each(kinds)('refuses a %s whose id is no safe integer', (kind) => {
    for (const header of [
      '[]',
      '[null]',
      "['1']",
      '[1.5]',
      '[9007199254740992]',
      '[NaN]',
      '[{}]',
      '{}',
      '1',
      "'1'",
      'null',
      '{0:1}',
    ]) {
      expect(refused(`{${kind}:${header},ok:[]}`)).toBeInstanceOf(ProtocolError);
    }
  });

  it.each([
    '{stream:[1]}',
    '{stream:[1],x:[1]}',
    '{stream:[1],data:[1]}',
    '{stream:[1,-1],data:[1]}',
    '{stream:[1,1.5],data:[1]}',
    '{stream:[1,1],data:5}',
    '{stream:[1],credit:[]}',
    '{source:[1,0,1]}',
    '{source:[1,0,1],x:[1]}',
    '{source:[1,0],data:[1]}',
    '{source:[1,-1,1],data:[1]}',
    '{source:[1,0,1.5],data:[1]}',
    '{source:[1],data:[1]}',
    '{source:[1,0,1],data:5}',
    '{source:[1,0],end:[]}',
    '{source:[1,0,1],error:[]}',
    '{source:[1,0],error:[1]}',
    '{source:[1,0],credit:[]}',
    '{source:[1],cancel:[]}',
    '{stream:[1],credit:[-1]}',
    "{stream:[1],credit:['1']}",
    '{stream:[1],credit:5}',
    '{bye:null}',
    "{bye:'close'}",
  ])('refuses %s', (text) => {
    expect(refused(text)).toBeInstanceOf(ProtocolError);
  });

  it('tells the syntax error as the cause', () => {
    expect(refused("{call:[1,'i'],m:[@]}").cause).toMatchObject({ code: 'ERR_MDSF_SYNTAX', position: 17 });
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(refused(Buffer.from("{call:[1,'\xff'],m:[]}", 'latin1')).cause).toMatchObject({
      code: 'ERR_MDSF_ENCODING',
    });
  });

  it('counts the message itself as the first level of nesting', () => {
    const limits = { ...DEFAULT_LIMITS, maxDepth: 3 };
    const numbers = `[${'1.5,'.repeat(100)}[]]`;
    expect(parseMessage('{call:[1],m:[[]]}', nodeDecoder, limits)).toMatchObject({ args: [[]] });
    expect(() => parseMessage('{call:[1],m:[[[]]]}', nodeDecoder, limits)).toThrow(ProtocolError);
    expect(parseMessage(`{call:[1],m:${numbers}}`, nodeDecoder, limits)).toMatchObject({ kind: 'call' });
    expect(() => parseMessage(`{call:[1],m:[${numbers}]}`, nodeDecoder, limits)).toThrow(ProtocolError);
  });

  it('passes on what is no flaw of the text', () => {
    const broken = {
      ...nodeDecoder,
      latin1Slice: (): string => {
        throw new RangeError('out of memory');
      },
    };
    expect(() => parseMessage(Buffer.from("{call:[1,'i'],m:[]}"), broken, DEFAULT_LIMITS)).toThrow(
      RangeError,
    );
    expect(read('{ping:[1]}')).toStrictEqual({ kind: 'ping', id: 1 });
  });
});

describe('parseMessage - what follows the first keys', () => {
  const KINDS = [
    "call:[1,'i']",
    'callback:[1]',
    "event:[1,'i']",
    'ping:[1]',
    'pong:[1]',
    "inspect:[1,'i']",
    "handshake:[0,'app']",
    'stream:[1]',
    'cancel:[1]',
    "bye:['close']",
    'other:[1]',
  ];

  it.each(KINDS)('is checked, behind {%s', (kind) => {
    for (const rest of ['', ',ok:[', ',ok:[],x:[', ',ok:[],x:[1,]', ',ok:[]}{', ',ok:[]}}'])
      expect(refused(`{${kind}${rest}`)).toBeInstanceOf(ProtocolError);
  });

  it.each(['ping:[1]', "call:[1,'i'],m:[]", "event:[1,'i'],e:[]", "bye:['close'],x:1"])(
    'is ignored where it is well-formed, behind {%s',
    (message) => {
      expect(uncounted(`{${message},more:{a:[1]},other:'x'}`)).toStrictEqual(uncounted(`{${message}}`));
    },
  );
});
