import { describe, expect, test } from '@jest/globals';
import { DEFAULT_LIMITS, Session, SessionTextError } from '../../lib/core.js';

/** A session in the middle of its life, with every field that a text can have. */
function full(): Session {
  const session = new Session(null, 'ann', 'the id', [['room', { floor: 3 }]]);
  session.receivedCount = 4;
  for (const text of ['{one}', '{two}']) session.journal.append(text);
  session.journal.acknowledge(1);
  session.journal.appendUnnumbered('{an answer}');
  session.binding = { application: 'app', version: '^1.0.0', extensions: ['cancel', 'resume'] };
  session.serving = [3, -4];
  session.claim = { by: 7, count: 2 };
  return session;
}

function textWith(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...(JSON.parse(full().toString()) as object), ...changes });
}

function without(field: string): string {
  return textWith({ [field]: undefined });
}

describe('the text of a session', () => {
  test('says its format, and all of it comes back', () => {
    const text = full().serialize();
    expect(JSON.parse(text)).toMatchObject({ format: 1 });
    expect(JSON.parse(Session.deserialize('the id', text).serialize())).toEqual(JSON.parse(text));
  });

  test('of another format is refused with its number', () => {
    for (const format of [0, 2, 17]) {
      const read = (): unknown => Session.deserialize('id', textWith({ format }));
      expect(read).toThrow(SessionTextError);
      expect(read).toThrow(`its format is ${String(format)}, and this version of nestjs-jstp reads 1`);
    }
  });

  test('without a format is read: the reference writes none, and leaves the name of an anonymous client out', () => {
    const session = Session.fromString(
      JSON.stringify({
        id: 'old',
        guaranteedDeliveredCount: 1,
        buffer: [[2, '{event:[-2]}']],
        receivedCount: 0,
        latestBufferedMessageId: -2,
        storage: [],
      }),
    );
    expect([session.id, session.username, session.journal.lastId]).toEqual(['old', null, 2]);
    expect([...session.journal]).toEqual([{ id: 2, message: '{event:[-2]}' }]);
  });

  test.each(['receivedCount', 'guaranteedDeliveredCount', 'latestBufferedMessageId', 'buffer', 'storage'])(
    'without its %s is refused',
    (field) => {
      expect(() => Session.fromString(without(field))).toThrow(SessionTextError);
    },
  );

  test.each<[field: string, values: unknown[]]>([
    ['format', ['1', null, {}, 1.5]],
    ['id', [5, null, ['x']]],
    ['username', [5, {}, ['ann'], true, '', ' ', 'ann\nroot', '\u001b[31mann', 'a'.repeat(257)]],
    ['receivedCount', [-1, 1.5, '4', null, 2 ** 53]],
    ['guaranteedDeliveredCount', [-1, 0.5, '1', null, 3]],
    ['latestBufferedMessageId', ['2', null, 0, 2.5]],
    [
      'buffer',
      [
        null,
        'text',
        {},
        [5],
        [[2]],
        [[2, 5]],
        [['2', '{a}']],
        [[2, '{a}', 1]],
        [[1, '{acknowledged}']],
        [[3, '{never sent}']],
        [[2.25, '{between}']],
        [
          [2.5, '{a}'],
          [2, '{b}'],
        ],
        [[2, '{two}\0{messages}']],
      ],
    ],
    ['storage', [null, {}, 'ab', ['ab'], [['a']], [['a', 1, 2]], [null]]],
    [
      'binding',
      [
        null,
        [],
        'app',
        {},
        { application: 'app' },
        { application: 5, extensions: [] },
        { application: 'app', version: 1, extensions: [] },
        { application: 'app', extensions: 'resume' },
        { application: 'app', extensions: [5] },
      ],
    ],
    ['serving', [5, null, 'ab', {}, ['3'], [1.5], [null]]],
    ['claim', [null, 5, [], {}, { by: 1 }, { by: '1', count: 1 }, { by: 1, count: -1 }]],
  ])('whose %s is something else is refused by that name', (field, values) => {
    for (const value of values) {
      const read = (): unknown => Session.fromString(textWith({ [field]: value }));
      expect(read).toThrow(SessionTextError);
      expect(read).toThrow(field);
    }
  });

  test('that is as long as limits.maxSessionTextLength is read, and one that is longer is not', () => {
    const text = full().serialize();
    const limits = { ...DEFAULT_LIMITS, maxSessionTextLength: text.length };
    expect(Session.deserialize('id', text, limits).username).toBe('ann');
    expect(() => Session.deserialize('id', `${text} `, limits)).toThrow(
      `it has ${String(text.length + 1)} characters, more than limits.maxSessionTextLength`,
    );
  });

  test('that has as many values as limits.maxMessageNodes is read, and one with more is not', () => {
    // What looks like values within strings is none.
    const state = ['a,b[{,', '\\","[', '\\\\', ',"'].map((text) => [text, [1, { [text]: 2 }]]);
    const text = textWith({ storage: state });
    const values = text.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/[^,[{]/g, '').length + 1;
    const limits = { ...DEFAULT_LIMITS, maxMessageNodes: values };
    expect(Session.deserialize('id', text, limits).size).toBe(4);
    expect(() => Session.deserialize('id', text, { ...limits, maxMessageNodes: values - 1 })).toThrow(
      'it has more values than limits.maxMessageNodes',
    );
  });

  test('with __proto__ and constructor for names has them as data, at no cost for others', () => {
    const evil = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}';
    const text = textWith({ storage: 'HERE', binding: 'HERE' })
      .replace('"storage":"HERE"', `"storage":[["__proto__",${evil}]],"__proto__":${evil}`)
      .replace('"HERE"', `${evil.slice(0, -1)},"application":"app","extensions":["__proto__"]}`);
    const session = Session.fromString(text);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    expect((session as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    expect((session.binding as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    expect(JSON.stringify(session.get('__proto__'))).toBe(evil);
  });

  test('whose numbers of messages are too large to be counted on is refused', () => {
    expect(() => Session.fromString(textWith({ latestBufferedMessageId: 2 ** 52 }))).toThrow(
      'latestBufferedMessageId is no number of a message',
    );
  });

  test('that is no object, or was cut off anywhere, is refused, and the error quotes nothing of it', () => {
    const text = full().toString();
    for (let length = 0; length < text.length; length++) {
      let error: unknown;
      try {
        Session.fromString(text.slice(0, length));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(SessionTextError);
      expect(error).toMatchObject({ code: 'ERR_JSTP_SESSION_TEXT' });
      expect(String(error)).not.toMatch(/the id|"ann"|room|floor/);
    }
    for (const other of ['null', '[]', '5', '"text"', 'true'])
      expect(() => Session.fromString(other)).toThrow('the text is no object');
    expect(() => Session.fromString(undefined as never)).toThrow(SessionTextError);
    expect(() => Session.deserialize('id', Buffer.from(text) as never)).toThrow(SessionTextError);
  });
});
