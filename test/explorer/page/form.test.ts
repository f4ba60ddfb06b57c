import { describe, expect, test } from '@jest/globals';
import {
  draftArguments,
  emptyArguments,
  readArguments,
  switchMode,
} from '../../../lib/explorer/page/model/arguments.js';
import { readDescription, search } from '../../../lib/explorer/page/model/catalogue.js';
import {
  draftOf,
  emptyDraft,
  readDraft,
  type Draft,
  type Problem,
} from '../../../lib/explorer/page/model/draft.js';
import { fieldOf, notesOf } from '../../../lib/explorer/page/model/field.js';
import {
  credentialFields,
  firstApplication,
  firstStrategy,
  offeredStrategies,
  readLastLogin,
  readLogin,
} from '../../../lib/explorer/page/model/login-form.js';
import { resolveSchema, typeLabel } from '../../../lib/explorer/page/model/schema.js';
import type { Unknowns } from '../../../lib/explorer/page/model/untrusted.js';

const definitions: Unknowns = {
  Node: {
    type: 'object',
    required: ['name', 'next'],
    properties: { name: { type: 'string' }, next: { $ref: '#/definitions/Node' } },
  },
  Loop: { $ref: '#/definitions/Loop' },
  Name: { type: 'string', minLength: 1 },
};

/** The value that a draft stands for; the problems in its place, if there are any. */
function read(draft: Draft, schema: unknown): unknown {
  const problems: Problem[] = [];
  const value = readDraft(draft, schema, definitions, problems);
  return problems.length > 0 ? problems.map(({ path, message }) => `${path.join('.')}: ${message}`) : value;
}

/** The value of a form nobody has touched. */
const untouched = (schema: unknown): unknown => read(emptyDraft(schema, definitions), schema);

/** The value of the form that stands for a value. */
const there = (value: unknown, schema: unknown): unknown => read(draftOf(value, schema, definitions), schema);

describe('a form by a schema', () => {
  test('begins with defaults, and with what has to be there', () => {
    const schema = {
      type: 'object',
      required: ['count', 'size', 'tags', 'kind'],
      properties: {
        count: { type: 'integer', default: 3 },
        size: { enum: ['small', 'large'] },
        tags: { type: 'array', items: { type: 'string' }, minItems: 1 },
        kind: { const: 'order' },
        note: { type: 'string' },
      },
    };
    expect(untouched(schema)).toEqual({ count: 3, size: 'small', tags: [''], kind: 'order' });
  });

  test.each([
    [{ type: 'string', minLength: 2 }, 'a', 'At least 2 characters'],
    [{ type: 'string', maxLength: 1 }, '😀😀', 'At most 1 character'],
    [{ type: 'integer' }, 1.5, 'This has to be a whole number'],
    [{ type: 'number', minimum: 3 }, 2, 'At least 3'],
    [{ type: 'array', minItems: 2, items: {} }, [], 'At least 2 items'],
  ])('says what is wrong with a value of %j', (schema, value, message) => {
    expect(there(value, schema)).toEqual([`: ${message}`]);
  });

  test.each([
    [{ type: 'string' }, "it's"],
    [{ type: 'number' }, -0.5],
    [{ type: ['string', 'null'] }, null],
    [{ type: 'boolean' }, true],
    [
      {
        anyOf: [
          { type: 'object', required: ['a'], properties: { a: { const: 1 } } },
          { type: 'object', required: ['a'], properties: { a: { const: 2 } } },
        ],
      },
      { a: 2 },
    ],
    [
      { type: 'object', additionalProperties: { type: 'number' } },
      { ['__proto__']: 1, constructor: 2 },
    ],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false }, ['x', 1]],
    [{ 'x-jstp-type': 'bytes' }, Uint8Array.of(0, 255)],
    [{ $ref: '#/definitions/Node' }, { name: 'a', next: { name: 'b', next: 'what does not fit is a text' } }],
    [{ allOf: [{ $ref: '#/definitions/Name' }, { maxLength: 3 }] }, 'abc'],
    [true, { any: ['value', undefined] }],
    [{ type: 'number' }, 'what does not fit'],
  ])('has the value that it was filled with: %j', (schema, value) => {
    expect(there(value, schema)).toEqual(value);
  });

  test('of a schema without an end ends', () => {
    const draft = emptyDraft({ $ref: '#/definitions/Node' }, definitions);
    expect(JSON.stringify(draft)).toContain('"kind":"any"');
    expect(resolveSchema({ $ref: '#/definitions/Loop' }, definitions)).toBeUndefined();
    expect(fieldOf({ $ref: '#/definitions/toString' }, definitions)).toEqual({ kind: 'any' });
  });

  test('tells the types and limits of its fields, and never runs a pattern', () => {
    expect(
      typeLabel({ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } }, definitions),
    ).toBe('(string or null)[]');
    expect(typeLabel({ $ref: '#/definitions/Node' }, definitions)).toBe('Node');
    const pattern = '^(a+)+$';
    expect(notesOf({ type: 'string', pattern, maxLength: 3 }, definitions).hints).toEqual([
      'at most 3 characters',
      `matches ${pattern}`,
    ]);
    expect(there(`${'a'.repeat(40)}!`, { type: 'string', pattern })).toBe(`${'a'.repeat(40)}!`);
  });
});

describe('arguments', () => {
  const args = readDescription({
    interfaces: {
      rooms: {
        methods: {
          say: {
            arguments: [
              { name: 'text', schema: { type: 'string', minLength: 1 } },
              { name: 'to', schema: { type: 'string' }, optional: true },
              { name: 'parts', streams: true, schema: {} },
            ],
          },
        },
      },
    },
  }).interfaces[0].members[0].args;

  test('leave out what is optional, and hold the place of streams', () => {
    const empty = emptyArguments(args, {});
    expect(readArguments(empty, args, {}).problems).toEqual([
      { path: ['text'], message: 'A text is missing' },
    ]);
    const filled = draftArguments(['hi'], args, {});
    expect(readArguments(filled, args, {})).toEqual({
      args: ['hi', undefined, undefined],
      streams: [2],
      problems: [],
    });
  });

  test('go from the form to the text and back', () => {
    const text = switchMode(draftArguments(['hi', 'bob'], args, {}), 'text', args, {});
    expect(text.text).toBe("['hi', 'bob', undefined]");
    const back = switchMode({ ...text, text: "['ho']" }, 'form', args, {});
    expect([back.mode, readArguments(back, args, {}).args]).toEqual(['form', ['ho', undefined, undefined]]);
    const broken = { ...text, text: '[1,\n 2' };
    expect(switchMode(broken, 'form', args, {})).toBe(broken);
    expect(readArguments(broken, args, {}).problems[0].message).toMatch(/\(line 2, column 3\)$/);
  });

  test('of which nothing is known are the text of their array', () => {
    const draft = { ...emptyArguments(undefined, {}), text: '{a:1}' };
    expect(draft.mode).toBe('text');
    expect(readArguments(draft, undefined, {}).problems[0].message).toMatch(/an array/);
  });
});

describe('the catalogue', () => {
  test('takes nothing about a description for granted', () => {
    for (const odd of [
      null,
      1,
      'text',
      [],
      { interfaces: 3 },
      { interfaces: { a: null, b: { methods: [] } }, handshakes: {} },
    ])
      expect(readDescription(odd).interfaces).toEqual([]);
    const { interfaces, strategies } = readDescription({
      interfaces: { ['__proto__']: { methods: { constructor: { arguments: 'no', deprecated: true } } } },
      handshakes: [{ strategy: 'session' }, { strategy: 'token', credentials: [{}] }, null],
      wildcards: { 'orders.*': {} },
    });
    expect(interfaces.map(({ name }) => name)).toEqual(['(any interface)', '__proto__']);
    expect(interfaces[1].members[0]).toMatchObject({ name: 'constructor', deprecated: '', args: undefined });
    expect(strategies.map(({ strategy }) => strategy)).toEqual(['token']);
  });

  test('is cut where it would be too large', () => {
    const methods = Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`m${index}`, {}]));
    const catalogue = readDescription({ interfaces: { many: { methods } } });
    expect([catalogue.interfaces[0].members.length, catalogue.isCut]).toEqual([5000, true]);
  });

  test('is searched by words in names and descriptions', () => {
    const catalogue = readDescription({
      interfaces: {
        rooms: { methods: { join: { description: 'Enters a kitchen' }, leave: {} } },
        users: { methods: { find: {} } },
      },
    });
    const names = (query: string): string[] =>
      search(catalogue, query).flatMap(({ members }) => members.map(({ name }) => name));
    expect([names('ROOM'), names('rooms kitch'), names('nothing'), names('')]).toEqual([
      ['join', 'leave'],
      ['join'],
      [],
      ['join', 'leave', 'find'],
    ]);
  });
});

describe('the schemas of a hostile server', () => {
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
  const self = { $ref: '#/definitions/Bomb' };
  const names = Array.from({ length: 200 }, (_, index) => `p${index}`);
  const bombs: Record<string, Unknowns> = {
    'an allOf of itself': { allOf: times(16, self) },
    'a union of itself': { anyOf: times(50, { allOf: [self, { title: '' }] }) },
    'a default that fits no option': { anyOf: times(50, { allOf: [self, { title: '' }] }), default: 1 },
    'members that it needs': {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, self])),
      required: names,
    },
    'elements that it needs': { type: 'array', items: self, minItems: 1000 },
    'a tuple of itself': { type: 'array', prefixItems: times(20, self), items: false },
  };

  test.each(Object.entries(bombs))('with %s are a form of a bounded size', (_, bomb) => {
    const bombed = { Bomb: bomb };
    const draft = emptyDraft(self, bombed);
    expect(JSON.stringify(draft).length).toBeLessThan(2_000_000);
    readDraft(draft, self, bombed, []);
    expect(typeLabel(bomb, bombed).length).toBeLessThan(100);
    expect(notesOf(self, bombed).hints.length).toBeLessThan(10);
  });
});

describe('the login', () => {
  const fields = {
    strategy: 'login',
    name: '',
    password: '',
    other: '',
    credentials: { args: ['t'], streams: [], problems: [] },
  };

  test('offers what the application takes, and begins with what was used, or tells who it is', () => {
    const token = { strategy: 'token', description: undefined, credentials: undefined, schema: undefined };
    const kept = JSON.stringify({ app: 'shop', version: '1.0.0', strategy: 'token' });
    const offered = ['chat', 'shop'].map((name) => ({ name, version: '1.0.0' }));
    expect(firstApplication(offered, readLastLogin(kept))).toBe(1);
    expect(firstApplication(offered, { app: 'shop', version: '2.0.0', strategy: '' })).toBe(0);
    for (const text of [null, '{', '[]', '{"app":1}', 'null'])
      expect(firstApplication(offered, readLastLogin(text))).toBe(0);
    expect(firstApplication([], undefined)).toBe(-1);
    const open = [{ ...token, strategy: 'anonymous' }, { ...token, strategy: '*' }, token];
    expect(firstStrategy(open, undefined)).toBe('token');
    expect(firstStrategy(open, 'anonymous')).toBe('anonymous');
    expect(firstStrategy(open, 'gone')).toBe('token');
    expect(firstStrategy(open.slice(0, 1), undefined)).toBe('anonymous');
    expect(offeredStrategies([token]).map(({ strategy }) => strategy)).toEqual(['token']);
    expect(offeredStrategies([{ ...token, strategy: '*' }])).toHaveLength(3);
    expect(offeredStrategies(undefined).map(({ strategy }) => strategy)).toEqual(['login', 'anonymous', '*']);
  });

  test('sends described credentials as an array, and others as one value', () => {
    const entry = { strategy: 'token', description: undefined, credentials: undefined, schema: undefined };
    expect(readLogin(fields, undefined)).toBe('A name is missing');
    expect(readLogin({ ...fields, name: 'ann' }, undefined)).toEqual({ name: 'ann', password: '' });
    expect(readLogin({ ...fields, strategy: 'anonymous' }, undefined)).toBeNull();
    expect(readLogin({ ...fields, strategy: 'token' }, entry)).toEqual({
      strategy: 'token',
      credentials: 't',
    });
    expect(readLogin({ ...fields, strategy: 'token' }, { ...entry, credentials: [] })).toEqual({
      strategy: 'token',
      credentials: ['t'],
    });
    expect(readLogin({ ...fields, strategy: '*', other: 'session' }, entry)).toMatch(/name of the strategy/);
    expect(credentialFields({ ...entry, credentials: [] })).toEqual([]);
  });
});
