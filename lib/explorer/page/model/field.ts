import { counted } from './numbers.js';
import { resolveSchema, typeLabel, typeOf, unionOf } from './schema.js';
import { arrayOf, isRecord, numberOf, own, recordOf, textOf, type Unknowns } from './untrusted.js';

/** A member of an object in a form. */
export interface FieldMember {
  readonly name: string;
  readonly schema: unknown;
  readonly isRequired: boolean;
}

interface FieldOf<Kind extends string> {
  readonly kind: Kind;
}

/** What a schema asks of a form. One level: what is within has schemas of its own. */
export type Field =
  | (FieldOf<'text'> & {
      readonly isSecret: boolean;
      readonly isLong: boolean;
      readonly minLength: number | undefined;
      readonly maxLength: number | undefined;
    })
  | (FieldOf<'number'> & {
      readonly isInteger: boolean;
      readonly minimum: number | undefined;
      readonly maximum: number | undefined;
    })
  | FieldOf<'flag'>
  | (FieldOf<'constant'> & { readonly value: unknown })
  | (FieldOf<'choice'> & { readonly values: readonly unknown[] })
  | (FieldOf<'object'> & {
      readonly members: readonly FieldMember[];
      /** The schema of further members; undefined: there are none. */
      readonly others: unknown;
    })
  | (FieldOf<'list'> & {
      /** Schemas of the first elements, where each has its own. */
      readonly first: readonly unknown[];
      /** The schema of further elements; undefined: there are none. */
      readonly rest: unknown;
      readonly minItems: number;
      readonly maxItems: number;
    })
  | (FieldOf<'union'> & { readonly options: readonly { readonly label: string; readonly schema: unknown }[] })
  | FieldOf<'bytes'>
  | FieldOf<'any'>;

/** What a form says about a field. */
export interface FieldNotes {
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** What a value has to be like: `at most 20 characters`. */
  readonly hints: readonly string[];
}

const MAX_MEMBERS = 200;
const MAX_CHOICES = 500;
const LONG_TEXT = 200;
const MAX_LIST_ITEMS = 1000;

/** What a form needs to ask for a value that fits a schema. */
export function fieldOf(schema: unknown, definitions: Unknowns): Field {
  const found = resolveSchema(schema, definitions);
  if (!found) return { kind: 'any' };
  if (Object.hasOwn(found, 'const')) return { kind: 'constant', value: found['const'] };
  const values = arrayOf(own(found, 'enum'));
  if (values.length > 0) return { kind: 'choice', values: values.slice(0, MAX_CHOICES) };
  const options = unionOf(found);
  if (options) return unionField(options, definitions);
  const extended = own(found, 'x-jstp-type');
  if (extended !== undefined) return { kind: extended === 'bytes' ? 'bytes' : 'any' };
  return typedField(found);
}

/** What is said about a value besides its type. */
export function notesOf(schema: unknown, definitions: Unknowns): FieldNotes {
  const found = resolveSchema(schema, definitions);
  if (!found) return { title: undefined, description: undefined, hints: [] };
  return {
    title: textOf(own(found, 'title'), 200),
    description: textOf(own(found, 'description'), 2000),
    hints: hintsOf(found),
  };
}

/** The default of a schema, where it has one. */
export function defaultOf(schema: unknown, definitions: Unknowns): { readonly value: unknown } | undefined {
  const found = resolveSchema(schema, definitions);
  return found && Object.hasOwn(found, 'default') ? { value: found['default'] } : undefined;
}

/** Whether a schema's values are secrets, as passwords are. */
export function isSecretSchema(schema: unknown, definitions: Unknowns): boolean {
  const found = resolveSchema(schema, definitions);
  return found !== undefined && (own(found, 'format') === 'password' || own(found, 'writeOnly') === true);
}

function typedField(schema: Unknowns): Field {
  switch (typeOf(schema)) {
    case 'string':
      return textField(schema);
    case 'number':
    case 'integer':
      return {
        kind: 'number',
        isInteger: typeOf(schema) === 'integer',
        minimum: numberOf(own(schema, 'minimum')),
        maximum: numberOf(own(schema, 'maximum')),
      };
    case 'boolean':
      return { kind: 'flag' };
    case 'null':
      return { kind: 'constant', value: null };
    case 'object':
      return objectField(schema);
    case 'array':
      return listField(schema);
    default:
      return { kind: 'any' };
  }
}

function textField(schema: Unknowns): Field {
  const maxLength = numberOf(own(schema, 'maxLength'));
  const format = own(schema, 'format');
  return {
    kind: 'text',
    isSecret: format === 'password' || own(schema, 'writeOnly') === true,
    isLong: maxLength !== undefined && maxLength > LONG_TEXT,
    minLength: numberOf(own(schema, 'minLength')),
    maxLength,
  };
}

function objectField(schema: Unknowns): Field {
  const required = new Set(arrayOf(own(schema, 'required')));
  const members = Object.entries(recordOf(own(schema, 'properties')))
    .slice(0, MAX_MEMBERS)
    .map(([name, member]) => ({ name, schema: member, isRequired: required.has(name) }));
  // A schema that says nothing of further members allows them; a form offers them where they are meant.
  const additional = own(schema, 'additionalProperties');
  const isOpen =
    isRecord(additional) || additional === true || (members.length === 0 && additional !== false);
  return { kind: 'object', members, others: isOpen ? (additional ?? true) : undefined };
}

function listField(schema: Unknowns): Field {
  const items = own(schema, 'items');
  const prefix = own(schema, 'prefixItems');
  // Older dialects have the array in `items`.
  const first = Array.isArray(prefix) ? arrayOf(prefix) : arrayOf(items);
  const rest = Array.isArray(items) ? own(schema, 'additionalItems') : items;
  const isClosed = rest === false || (first.length > 0 && rest === undefined);
  const min = numberOf(own(schema, 'minItems')) ?? 0;
  return {
    kind: 'list',
    first: first.slice(0, MAX_MEMBERS),
    rest: isClosed ? undefined : (rest ?? true),
    minItems: Math.max(Math.min(min, MAX_LIST_ITEMS), 0),
    maxItems: Math.min(
      numberOf(own(schema, 'maxItems')) ?? Infinity,
      isClosed ? first.length : MAX_LIST_ITEMS,
    ),
  };
}

function unionField(options: readonly unknown[], definitions: Unknowns): Field {
  const labelled = options.map((schema) => {
    const found = resolveSchema(schema, definitions);
    const title = found && textOf(own(found, 'title'), 60);
    return { label: title ?? tagOf(found, definitions) ?? typeLabel(lastOf(schema), definitions), schema };
  });
  const only = labelled.length === 1 ? labelled[0] : undefined;
  return only ? fieldOf(only.schema, definitions) : { kind: 'union', options: labelled };
}

/** The option itself, of one that was merged with what its union says. */
function lastOf(schema: unknown): unknown {
  const all = arrayOf(own(recordOf(schema), 'allOf'));
  return all.length === 2 ? all[1] : schema;
}

/** Options of objects are told apart by a member that is constant: `kind: "circle"`. */
function tagOf(schema: Unknowns | undefined, definitions: Unknowns): string | undefined {
  if (!schema) return undefined;
  for (const [name, member] of Object.entries(recordOf(own(schema, 'properties'))).slice(0, MAX_MEMBERS)) {
    const found = resolveSchema(member, definitions);
    if (found && typeof own(found, 'const') === 'string')
      return textOf(`${name}: ${String(found['const'])}`, 60);
  }
  return undefined;
}

function hintsOf(schema: Unknowns): string[] {
  const hints: string[] = [];
  const say = (keyword: string, text: (value: number) => string): void => {
    const value = numberOf(own(schema, keyword));
    if (value !== undefined) hints.push(text(value));
  };
  say('minimum', (value) => `at least ${value}`);
  say('exclusiveMinimum', (value) => `more than ${value}`);
  say('maximum', (value) => `at most ${value}`);
  say('exclusiveMaximum', (value) => `less than ${value}`);
  say('multipleOf', (value) => `a multiple of ${value}`);
  say('minLength', (value) => `at least ${counted(value, 'character')}`);
  say('maxLength', (value) => `at most ${counted(value, 'character')}`);
  say('minItems', (value) => `at least ${counted(value, 'item')}`);
  say('maxItems', (value) => `at most ${counted(value, 'item')}`);
  // Why it is shown and not tried: a pattern of a server may take for ever.
  const pattern = textOf(own(schema, 'pattern'), 200);
  if (pattern !== undefined) hints.push(`matches ${pattern}`);
  const format = textOf(own(schema, 'format'), 40);
  if (format !== undefined && format !== 'password') hints.push(format);
  return hints;
}
