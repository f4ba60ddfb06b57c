import { DEFINITIONS } from './application-description.js';
import { commentOf, indent, literalOfText, memberName, tagOf } from './typescript-text.js';

/** The text of a type. */
interface Printed {
  readonly text: string;
  /** Whether it needs brackets within another type. */
  readonly isCompound: boolean;
}

/** Names of definitions in the printed file, by their names in the description. */
export type TypeNames = ReadonlyMap<string, string>;

/** How deep a schema is read: what is deeper is `unknown`. */
const MAX_DEPTH = 64;

const UNKNOWN: Printed = { text: 'unknown', isCompound: false };

const TYPES_OF_JSTP: Readonly<Record<string, string>> = {
  bytes: 'Uint8Array',
  Date: 'Date',
  bigint: 'bigint',
  Map: 'Map<unknown, unknown>',
  Set: 'Set<unknown>',
  RegExp: 'RegExp',
  URL: 'URL',
  Error: 'Error',
};

const TYPES_OF_JSON: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** Makes types of JSON Schemas. What a schema says and types cannot say is left out: the types are wider then. */
export class SchemaPrinter {
  /** @param isCircular whether a definition that is named at this place would be defined by itself */
  constructor(
    private readonly names: TypeNames,
    private readonly isCircular: (name: string) => boolean = () => false,
  ) {}

  /** The type of a schema. */
  print(schema: unknown): string {
    return this.typeOf(schema, 0, true).text;
  }

  /** The declaration of a definition. */
  declare(name: string, schema: unknown): string {
    const { text } = this.typeOf(schema, 0, true);
    const isPlainObject = isObject(schema) && isPlain(schema) && text.startsWith('{\n');
    return isPlainObject ? `export interface ${name} ${text}\n` : `export type ${name} = ${text};\n`;
  }

  /** @param isTop whether no object and no array is around the type */
  private typeOf(schema: unknown, depth: number, isTop: boolean): Printed {
    if (schema === false) return { text: 'never', isCompound: false };
    if (!isObject(schema) || depth > MAX_DEPTH) return UNKNOWN;
    const parts = [
      this.named(schema, isTop),
      this.choice(schema['anyOf'], depth, isTop),
      this.choice(schema['oneOf'], depth, isTop),
      ...listOf(schema['allOf']).map((part) => this.typeOf(part, depth + 1, isTop)),
      this.own(schema, depth),
    ].filter(isKnown);
    const all = joined(parts, ' & ');
    return schema['nullable'] === true ? joined([all, { text: 'null', isCompound: false }], ' | ') : all;
  }

  /** What a `$ref` names. */
  private named(schema: Schema, isTop: boolean): Printed | undefined {
    const name = nameOfRef(schema['$ref']);
    const printed = name === undefined || (isTop && this.isCircular(name)) ? undefined : this.names.get(name);
    return printed === undefined ? undefined : { text: printed, isCompound: false };
  }

  private choice(choices: unknown, depth: number, isTop: boolean): Printed | undefined {
    const list = listOf(choices);
    if (list.length === 0) return undefined;
    return joined(
      list.map((one) => this.typeOf(one, depth + 1, isTop)),
      ' | ',
    );
  }

  /** What a schema says by itself. */
  private own(schema: Schema, depth: number): Printed | undefined {
    const jstp = schema['x-jstp-type'];
    if (typeof jstp === 'string' && Object.hasOwn(TYPES_OF_JSTP, jstp))
      return { text: TYPES_OF_JSTP[jstp], isCompound: false };
    if (Object.hasOwn(schema, 'const')) return literalOf(schema['const'], depth);
    if (Array.isArray(schema['enum']))
      return joined(
        schema['enum'].map((value) => literalOf(value, depth)),
        ' | ',
      );
    const types = typesNamed(schema);
    if (types.length === 0) return undefined;
    return joined(
      types.map((type) => this.ofType(type, schema, depth)),
      ' | ',
    );
  }

  private ofType(type: unknown, schema: Schema, depth: number): Printed {
    if (type === 'array') return this.array(schema, depth);
    if (type === 'object') return this.object(schema, depth);
    const known = typeof type === 'string' && Object.hasOwn(TYPES_OF_JSON, type);
    return known ? { text: TYPES_OF_JSON[type], isCompound: false } : UNKNOWN;
  }

  private array(schema: Schema, depth: number): Printed {
    const { prefixItems, items, additionalItems, minItems } = schema;
    // Before the dialect 2020-12, `items` were the first ones, and `additionalItems` the others.
    const first = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
    if (!first) return arrayOf(this.typeOf(items, depth + 1, false));
    const needed = typeof minItems === 'number' ? minItems : first.length;
    const parts = first.map((item, index) => {
      const printed = this.typeOf(item, depth + 1, false);
      return index < needed ? printed.text : `${bracketed(printed)}?`;
    });
    const rest = Array.isArray(prefixItems) ? items : additionalItems;
    if (isObject(rest) || rest === true)
      parts.push(`...${arrayOf(this.typeOf(rest, depth + 1, false)).text}`);
    return { text: `[${parts.join(', ')}]`, isCompound: false };
  }

  private object(schema: Schema, depth: number): Printed {
    const { properties, required, additionalProperties, patternProperties } = schema;
    const needed = new Set(listOf(required));
    const members = Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
      const mark = needed.has(name) ? '' : '?';
      return `${commentOfSchema(property)}${memberName(name)}${mark}: ${this.typeOf(property, depth + 1, false).text};\n`;
    });
    const others = [
      ...(isObject(patternProperties) ? Object.values(patternProperties) : []),
      ...(isObject(additionalProperties) ? [additionalProperties] : []),
    ];
    // Why unknown beside properties: an index has to fit all of them.
    if (members.length === 0) {
      const types = others.map((other) => this.typeOf(other, depth + 1, false));
      const value =
        types.length > 0 ? joined(types, ' | ') : additionalProperties === false ? NEVER : UNKNOWN;
      return { text: `{ [name: string]: ${value.text} }`, isCompound: false };
    }
    if (others.length > 0) members.push('[name: string]: unknown;\n');
    return { text: `{\n${indent(members.join(''))}}`, isCompound: false };
  }
}

const NEVER: Printed = { text: 'never', isCompound: false };

type Schema = Readonly<Record<string, unknown>>;

/** The definitions that a schema names where no object and no array is around them. */
export function refsAtTop(schema: unknown, depth = 0): string[] {
  if (!isObject(schema) || depth > MAX_DEPTH) return [];
  const name = nameOfRef(schema['$ref']);
  const within = [schema['anyOf'], schema['oneOf'], schema['allOf']].flatMap(listOf);
  return [...(name === undefined ? [] : [name]), ...within.flatMap((part) => refsAtTop(part, depth + 1))];
}

/** The comment of a schema: what it means, and what types cannot say. */
export function commentOfSchema(schema: unknown): string {
  if (!isObject(schema)) return '';
  const { description, title, deprecated, format } = schema;
  const tags: string[] = [];
  if (typeof format === 'string') tags.push(tagOf('format', format));
  if (deprecated === true || typeof deprecated === 'string') tags.push(tagOf('deprecated', deprecated));
  return commentOf([description ?? title], tags);
}

/** Whether something is an object with members. */
export function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a schema is nothing but an object's. */
function isPlain(schema: Schema): boolean {
  return !['$ref', 'anyOf', 'oneOf', 'allOf', 'nullable'].some((keyword) => Object.hasOwn(schema, keyword));
}

function typesNamed(schema: Schema): readonly unknown[] {
  const { type } = schema;
  // Each once: what a schema has within would be printed for each of them.
  if (Array.isArray(type)) return [...new Set(type)];
  if (type !== undefined) return [type];
  if (isObject(schema['properties']) || isObject(schema['additionalProperties'])) return ['object'];
  return Array.isArray(schema['prefixItems']) || schema['items'] !== undefined ? ['array'] : [];
}

function nameOfRef(ref: unknown): string | undefined {
  if (typeof ref !== 'string' || !ref.startsWith(DEFINITIONS)) return undefined;
  const name = ref.slice(DEFINITIONS.length);
  try {
    return decodeURIComponent(name).replace(/~1/g, '/').replace(/~0/g, '~');
  } catch {
    return name;
  }
}

function literalOf(value: unknown, depth: number): Printed {
  if (depth > MAX_DEPTH) return UNKNOWN;
  if (typeof value === 'string') return { text: literalOfText(value), isCompound: false };
  if (typeof value === 'number')
    return { text: Number.isFinite(value) ? String(value) : 'number', isCompound: false };
  if (typeof value === 'boolean' || value === null) return { text: String(value), isCompound: false };
  if (Array.isArray(value))
    return { text: `[${value.map((one) => literalOf(one, depth + 1).text).join(', ')}]`, isCompound: false };
  if (!isObject(value)) return UNKNOWN;
  const members = Object.entries(value).map(
    ([name, one]) => `${memberName(name)}: ${literalOf(one, depth + 1).text}`,
  );
  return {
    text: members.length > 0 ? `{ ${members.join('; ')} }` : '{ [name: string]: never }',
    isCompound: false,
  };
}

function arrayOf(item: Printed): Printed {
  return { text: `${bracketed(item)}[]`, isCompound: false };
}

function bracketed({ text, isCompound }: Printed): string {
  return isCompound ? `(${text})` : text;
}

function isKnown(part: Printed | undefined): part is Printed {
  return part !== undefined && part !== UNKNOWN;
}

/** Several types as one, each once. */
function joined(parts: readonly Printed[], by: ' | ' | ' & '): Printed {
  const texts = new Map(parts.map((part) => [part.text, part]));
  const [only] = texts.values();
  if (texts.size === 0) return UNKNOWN;
  if (texts.size === 1) return only;
  // Next to `unknown`, a choice of it is everything.
  if (by === ' | ' && texts.has(UNKNOWN.text)) return UNKNOWN;
  const list = [...texts.values()].map((part) => (by === ' & ' ? bracketed(part) : part.text));
  return { text: list.join(by), isCompound: true };
}
