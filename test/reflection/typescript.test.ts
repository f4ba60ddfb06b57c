import { expect, test } from '@jest/globals';
import type { ApplicationDescription, JsonSchema } from '../../lib/reflection/application-description.js';
import { asyncApiOf } from '../../lib/reflection/asyncapi.js';
import { typesOf } from '../../lib/reflection/typescript.js';
import { complaintsAbout, statementsOf } from '../support/compiled.js';

const TEXT = { type: 'string' };

const CHAT: ApplicationDescription = {
  format: 1,
  name: 'chat',
  version: '1.2.0',
  description: 'Talks.\n\n@internal */ is no tag, and no end',
  handshakes: [],
  wildcards: { 'orders.*': {} },
  interfaces: {
    rooms: {
      description: 'Rooms to talk in.',
      methods: {
        join: {
          description: 'Lets the caller in.',
          deprecated: 'Use enter.',
          since: '1.1.0',
          arguments: [
            { name: 'room', description: 'its name', schema: TEXT },
            { name: 'silently', schema: { type: 'boolean' }, optional: true },
            { schema: { type: 'integer' } },
          ],
          result: { type: 'array', items: TEXT },
        },
        upload: {
          arguments: [
            { name: 'delete', schema: TEXT },
            { name: 'chunks', schema: { 'x-jstp-type': 'bytes' }, streams: true },
          ],
          result: { type: 'number' },
          streams: true,
        },
        'odd-name': { deprecated: true, result: false },
        new: { arguments: [], result: { $ref: '#/definitions/Said' } },
      },
      events: { typing: { arguments: [{ name: 'who', schema: TEXT }] }, 'seen-*': { wildcard: true } },
      emits: { said: { arguments: [{ name: 'said', schema: { $ref: '#/definitions/Said' } }] } },
    },
    'my screen': { methods: {}, events: {}, emits: {} },
  },
  definitions: {
    Said: {
      type: 'object',
      description: 'What was said.',
      properties: {
        text: { type: 'string', description: 'The text.' },
        at: { type: 'string', format: 'date-time' },
        answers: { type: 'array', items: { $ref: '#/definitions/Said' } },
      },
      required: ['text', 'at'],
    },
  },
};

test('a description is printed as a contract, with its comments', () => {
  expect(typesOf(CHAT)).toBe(`/**
 * The application chat 1.2.0, as it describes itself.
 * Clients may also emit events by the patterns orders.*.
 *
 * Talks.
 *
 * \\@internal *\\/ is no tag, and no end
 */
export interface Chat {
  /**
   * Rooms to talk in.
   * Clients may also emit events by the patterns seen-*.
   */
  rooms: {
    methods: {
      /**
       * Lets the caller in.
       * @param room - its name
       * @since 1.1.0
       * @deprecated Use enter.
       */
      join(room: string, silently?: boolean, arg2?: number): string[];
      upload(arg0: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<number>;
      /** @deprecated */
      'odd-name'(...args: unknown[]): void;
      'new'(): Said;
    };
    events: {
      typing(who: string): void;
    };
    emits: {
      said(said: Said): void;
    };
  };
  'my screen': {
    methods: object;
  };
}

/** What was said. */
export interface Said {
  /** The text. */
  text: string;
  /** @format date-time */
  at: string;
  answers?: Said[];
}
`);
});

test.each<[title: string, schema: JsonSchema | undefined, type: string]>([
  ['nothing', undefined, 'unknown'],
  ['anything', true, 'unknown'],
  ['an empty schema', {}, 'unknown'],
  ['several types', { type: ['string', 'null', 'integer'] }, 'string | null | number'],
  ['nullable', { type: 'string', nullable: true }, 'string | null'],
  ['const', { const: "it's" }, "'it\\'s'"],
  [
    'enum',
    { enum: ['a', 1, null, true, 'a', [1, 'b'], { c: 2 }] },
    "'a' | 1 | null | true | [1, 'b'] | { c: 2 }",
  ],
  ['a number that JSON has not', { enum: [Infinity, -1.5] }, 'number | -1.5'],
  [
    'anyOf',
    { anyOf: [{ type: 'string' }, { type: 'array', items: { oneOf: [TEXT, { type: 'null' }] } }] },
    'string | (string | null)[]',
  ],
  ['anyOf with anything', { anyOf: [TEXT, {}] }, 'unknown'],
  [
    'allOf',
    { allOf: [{ $ref: '#/definitions/A' }, { anyOf: [TEXT, { type: 'null' }] }] },
    'A & (string | null)',
  ],
  ['a tuple', { type: 'array', prefixItems: [TEXT, { type: 'number' }] }, '[string, number]'],
  [
    'a tuple with others',
    { type: 'array', prefixItems: [TEXT, { enum: [1, 2] }], minItems: 1, items: TEXT },
    '[string, (1 | 2)?, ...string[]]',
  ],
  [
    'a tuple of old',
    { type: 'array', items: [TEXT], additionalItems: { type: 'null' } },
    '[string, ...null[]]',
  ],
  ['an array of anything', { type: 'array' }, 'unknown[]'],
  ['any object', { type: 'object' }, '{ [name: string]: unknown }'],
  ['a record', { type: 'object', additionalProperties: { type: 'number' } }, '{ [name: string]: number }'],
  [
    'a record by patterns',
    { patternProperties: { '^a': TEXT }, type: 'object' },
    '{ [name: string]: string }',
  ],
  ['an empty object', { type: 'object', additionalProperties: false }, '{ [name: string]: never }'],
  [
    'properties without a type',
    { properties: { a: TEXT }, additionalProperties: TEXT },
    '{\n  a?: string;\n  [name: string]: unknown;\n}',
  ],
  ['what JSON has not', { 'x-jstp-type': 'Date', type: 'string' }, 'Date'],
  ['a definition that is not there', { $ref: '#/definitions/None' }, 'unknown'],
  ['a document that is not there', { $ref: 'https://example.com/a.json' }, 'unknown'],
  ['a type that is none', { type: 'file' }, 'unknown'],
])('a schema is printed as a type: %s', (_title, schema, type) => {
  const printed = printedResult(schema, { A: { type: 'object', properties: { a: TEXT }, required: ['a'] } });
  const result = /m\(\): ([^]*?);\n {4}\};\n {2}\};\n\}/.exec(printed)?.[1];
  expect(result?.replace(/\n {6}/g, '\n')).toBe(type);
});

test('definitions may name themselves and each other, and are told apart by names that are identifiers', () => {
  const printed = printedResult(
    { $ref: '#/definitions/tree' },
    {
      tree: { type: 'array', items: { $ref: '#/definitions/tree' } },
      Tree: { type: 'object', additionalProperties: { $ref: '#/definitions/Tree' } },
      'a/b<c>': { anyOf: [TEXT, { $ref: '#/definitions/loop' }] },
      loop: { anyOf: [{ $ref: '#/definitions/a~1b%3Cc%3E' }, { type: 'null' }] },
      self: { $ref: '#/definitions/self' },
      string: TEXT,
      Date: TEXT,
      日本: TEXT,
      App: TEXT,
    },
  );
  expect(printed.match(/export (type|interface) .*/g)).toEqual([
    'export interface App {',
    'export type Tree = Tree[];',
    'export type Tree_2 = { [name: string]: Tree_2 };',
    'export type ABC = unknown;',
    'export type Loop = unknown;',
    'export type Self = unknown;',
    'export type String = string;',
    'export type Date_2 = string;',
    'export type Definition = string;',
    'export type App_2 = string;',
  ]);
});

const EVIL = [
  `*/ declare const owned: 1; /*`,
  `'; }; } declare const owned: 1; //`,
  '"`${owned}\\',
  '\n*/\nimport "evil";\n/*',
  '\u2028*/ export const owned = 1; /*\u2029',
  '*\u200b/ export const owned = 1;',
  '\u202e gnirts \u2066',
  '\ud800',
  '@import { evil } from "evil"',
  '__proto__',
  'constructor',
  'this',
  'new',
  'any',
  'Chat {} export const owned = 1; interface B',
  '',
];

test('a hostile description prints declarations alone, and nothing of it is code, a tag or hidden', () => {
  const each = <Value>(names: readonly string[], value: (evil: string) => Value): Record<string, Value> =>
    Object.fromEntries(names.map((evil) => [evil, value(evil)]));
  const all = <Value>(value: (evil: string) => Value): Record<string, Value> => each(EVIL, value);
  const schema = (evil: string, names: readonly string[]): JsonSchema => ({
    title: evil,
    description: evil,
    format: evil,
    deprecated: evil,
    type: 'object',
    properties: each(names, (inner) => ({ enum: names, format: inner, description: inner })),
    required: EVIL,
    additionalProperties: { const: all((inner) => inner), $ref: `#/definitions/${evil}` },
  });
  const member = (evil: string): object => ({
    description: evil,
    deprecated: evil,
    since: evil,
    arguments: EVIL.map((name) => ({
      name,
      description: evil,
      schema: schema(name, [name]),
      streams: name.length > 9,
    })),
    result: { anyOf: EVIL.map((name) => ({ $ref: `#/definitions/${name}`, type: name })) },
  });
  const printed = EVIL.map((name) =>
    typesOf({
      format: 1,
      name,
      version: name,
      description: name,
      handshakes: [],
      wildcards: all(() => ({})),
      interfaces: {
        [name]: { description: name, methods: all(member), events: { [name]: member(name) }, emits: {} },
      },
      definitions: { [name]: schema(name, EVIL), plain: { type: name } },
    }),
  );
  for (const text of printed) {
    expect(new Set(statementsOf(text))).toEqual(new Set(['InterfaceDeclaration', 'TypeAliasDeclaration']));
    expect(text).not.toMatch(/[\s*]@import|[\u200b\u2028\u2029\u202e\u2066]|\ud800/m);
  }
  // Two of them, as they differ in the names of the whole alone.
  const whole = printed
    .slice(0, 2)
    .map((text, index) => `export namespace N${index} {\n${text}}\n`)
    .join('');
  expect(complaintsAbout('hostile.ts', whole, { types: [] })).toEqual([]);
});

test('what is not as the format has it is left out', () => {
  const odd = [
    null,
    5,
    'text',
    [],
    { methods: 5 },
    { methods: { a: null, b: { arguments: [null, 5] } }, emits: [] },
  ];
  for (const value of odd) {
    const description = {
      name: value,
      version: value,
      interfaces: { odd: value },
      definitions: { odd: value },
    };
    const printed = typesOf(description as unknown as ApplicationDescription);
    expect(statementsOf(printed).every((kind) => /^(Interface|TypeAlias)Declaration$/.test(kind))).toBe(true);
    expect(printed).toContain('export interface');
  }
  expect(typesOf({} as ApplicationDescription)).toContain('export interface Application {\n}');
});

test('thousands of definitions that lead to each other, and of names that are alike, are printed in a moment', () => {
  const COUNT = 1000;
  const refTo = (index: number): JsonSchema => ({ $ref: `#/definitions/d${index % COUNT}` });
  const definitions = Object.fromEntries(
    Array.from({ length: COUNT }, (_, index) => [
      `d${index}`,
      { anyOf: Array.from({ length: 20 }, (_each, other) => refTo(index * 7 + other * 13)) },
    ]),
  );
  // All of them are in one circle, which types cannot say.
  const printed = printedResult(refTo(0), { ...definitions, out: { anyOf: [refTo(1), TEXT] } });
  expect(printed.match(/^export type D\d+ = unknown;$/gm)).toHaveLength(COUNT);
  expect(printed).toContain('export type Out = D1 | string;');

  const alike = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, index) => [String.fromCodePoint(0x4e00 + index), TEXT]),
  );
  expect(printedResult(TEXT, alike)).toContain('export type Definition_10000 = string;');
  const { components } = asyncApiOf({
    format: 1,
    name: 'alike',
    version: '1.0.0',
    interfaces: {},
    handshakes: [],
    definitions: alike,
  });
  expect(Object.keys(components['schemas'] as object)).toContain('_-10000');
}, 20_000);

test('a schema that is deeper than any is cut, and not followed for ever', () => {
  let deep: JsonSchema = TEXT;
  for (let depth = 0; depth < 5000; depth += 1) deep = { type: 'array', items: deep };
  expect(printedResult(deep)).toMatch(/m\(\): unknown(\[\]){65};/);
});

test('a schema of AsyncAPI is cut as deep, and is valid there', () => {
  let deep: JsonSchema = TEXT;
  for (let depth = 0; depth < 20_000; depth += 1) deep = { allOf: [deep] };
  const description = { ...CHAT, definitions: { Deep: deep } };
  const { components } = asyncApiOf(description);
  const text = JSON.stringify(components['schemas']);
  expect(text).toMatch(/^\{"Deep":(\{"allOf":\[){30,40}\{\}/);
});

test('types that are named many times over are printed once, however deep they are', () => {
  let schema: JsonSchema = TEXT;
  for (let depth = 0; depth < 40; depth += 1) {
    const type = depth % 2 ? 'array' : 'object';
    schema = { type: Array<string>(9).fill(type), items: schema, properties: { a: schema } };
  }
  expect(printedResult(schema).length).toBeLessThan(10_000);
});

/** The contract of an application `App` with one method that answers with a schema. */
function printedResult(result: JsonSchema | undefined, definitions: Record<string, JsonSchema> = {}): string {
  const printed = typesOf({
    format: 1,
    name: 'app',
    version: '1.0.0',
    handshakes: [],
    interfaces: { i: { methods: { m: { arguments: [], result } }, events: {}, emits: {} } },
    definitions,
  });
  expect(printed.endsWith('\n')).toBe(true);
  return printed;
}
