import { hexOf, bytesIn, readBytes, type BytesNotation } from './bytes.js';
import { defaultOf, fieldOf, type Field } from './field.js';
import { counted } from './numbers.js';
import { isRecord, own, type Unknowns } from './untrusted.js';
import { readText, writeText } from './value-text.js';

/** What somebody has typed into a field so far. Immutable, as all that a store has. */
export type Draft =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'flag'; readonly value: boolean }
  | { readonly kind: 'constant' }
  | { readonly kind: 'choice'; readonly index: number }
  | { readonly kind: 'object'; readonly members: readonly DraftMember[] }
  | { readonly kind: 'list'; readonly items: readonly Draft[] }
  | { readonly kind: 'union'; readonly index: number; readonly draft: Draft }
  | { readonly kind: 'bytes'; readonly text: string; readonly notation: BytesNotation }
  /** A value as MDSF: where nothing is known of it, and where it does not fit what is known. */
  | { readonly kind: 'any'; readonly text: string };

/** A member of an object: one of the schema's, or a further one, whose name was typed as well. */
export interface DraftMember {
  readonly name: string;
  readonly isExtra: boolean;
  readonly draft: Draft;
}

/** What is wrong with a draft, and where. */
export interface Problem {
  /** The names and indexes that lead there. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Below so many levels a value is typed as a text: schemas may have no end. */
const MAX_FORM_DEPTH = 8;
/** How many fields a form has before anybody has added one; what is behind them is typed as a text. */
const MAX_NEEDED_FIELDS = 500;
/** How many options of unions are tried for a value. Why: those of a union within itself would have no end. */
const MAX_TRIES = 2000;

/** How much of a form may still be made. */
interface Room {
  fields: number;
  tries: number;
}

function newRoom(): Room {
  return { fields: MAX_NEEDED_FIELDS, tries: MAX_TRIES };
}

/** The draft of a field nobody has touched: with its default, and with what it has to have. */
export function emptyDraft(schema: unknown, definitions: Unknowns, depth = 0): Draft {
  return emptyDraftOf(schema, definitions, depth, newRoom());
}

function emptyDraftOf(schema: unknown, definitions: Unknowns, depth: number, room: Room): Draft {
  room.fields -= 1;
  const preset = defaultOf(schema, definitions);
  if (preset) return draftOf(preset.value, schema, definitions, depth, room);
  if (depth > MAX_FORM_DEPTH || room.fields < 0) return { kind: 'any', text: '' };
  const field = fieldOf(schema, definitions);
  const within = (inner: unknown): Draft => emptyDraftOf(inner, definitions, depth + 1, room);
  switch (field.kind) {
    case 'text':
    case 'number':
    case 'any':
      return { kind: field.kind, text: '' };
    case 'bytes':
      return { kind: 'bytes', text: '', notation: 'hex' };
    case 'flag':
      return { kind: 'flag', value: false };
    case 'constant':
      return { kind: 'constant' };
    case 'choice':
      return { kind: 'choice', index: 0 };
    case 'object':
      return {
        kind: 'object',
        members: field.members
          .filter(({ isRequired }) => isRequired)
          .map((member) => ({ name: member.name, isExtra: false, draft: within(member.schema) })),
      };
    case 'list': {
      const length = Math.max(field.minItems, field.rest === undefined ? field.first.length : 0);
      return {
        kind: 'list',
        items: Array.from({ length: Math.min(length, 20) }, (_, index) => within(itemSchema(field, index))),
      };
    }
    case 'union':
      return { kind: 'union', index: 0, draft: within(field.options[0]?.schema) };
  }
}

/** The draft that stands for a value: a form where the value fits the schema, else its text. */
export function draftOf(
  value: unknown,
  schema: unknown,
  definitions: Unknowns,
  depth = 0,
  room = newRoom(),
): Draft {
  return fittingDraft(value, schema, definitions, depth, room) ?? { kind: 'any', text: writeText(value) };
}

/** The schema of an element of a list. */
export function itemSchema(field: Extract<Field, { kind: 'list' }>, index: number): unknown {
  return index < field.first.length ? field.first[index] : field.rest;
}

/** Reads the value of a draft. @param problems gets what is wrong with it; the value means nothing then */
export function readDraft(
  draft: Draft,
  schema: unknown,
  definitions: Unknowns,
  problems: Problem[],
  path: Problem['path'] = [],
): unknown {
  const wrong: Wrong = (message) => {
    problems.push({ path, message });
    return undefined;
  };
  const field = fieldOf(schema, definitions);
  switch (draft.kind) {
    case 'any': {
      const reading = readText(draft.text);
      return reading.ok
        ? reading.value
        : wrong(
            `${reading.message}${draft.text.includes('\n') ? ` (line ${reading.line}, column ${reading.column})` : ''}`,
          );
    }
    case 'flag':
      return draft.value;
    case 'constant':
      return field.kind === 'constant' ? field.value : undefined;
    case 'choice':
      return field.kind === 'choice' ? field.values[draft.index] : undefined;
    case 'text':
      return readTextField(draft.text, field, wrong);
    case 'number':
      return readNumber(draft.text, field, wrong);
    case 'bytes':
      try {
        return readBytes(draft.text, draft.notation);
      } catch (error) {
        return wrong((error as Error).message);
      }
    case 'union': {
      const option = field.kind === 'union' ? field.options[draft.index] : undefined;
      return readDraft(draft.draft, option?.schema, definitions, problems, path);
    }
    case 'list':
      return readList(draft.items, field, definitions, problems, path, wrong);
    case 'object':
      return readObject(draft.members, field, definitions, problems, path, wrong);
  }
}

/** The schema of a member of an object; undefined: nothing is known of it. */
export function memberSchema(
  field: Field,
  { name, isExtra }: Pick<DraftMember, 'name' | 'isExtra'>,
): unknown {
  if (field.kind !== 'object') return undefined;
  return isExtra ? field.others : field.members.find((member) => member.name === name)?.schema;
}

/** Notes what is wrong. Its value stands for the one that there is not. */
type Wrong = (message: string) => unknown;

function readTextField(text: string, field: Field, wrong: Wrong): unknown {
  if (field.kind !== 'text') return text;
  const { minLength = 0, maxLength = Infinity } = field;
  // JSON Schema counts characters, not units of UTF-16.
  const { length } = Array.from(text);
  if (length < minLength)
    return wrong(minLength === 1 ? 'A text is missing' : `At least ${counted(minLength, 'character')}`);
  return length > maxLength ? wrong(`At most ${counted(maxLength, 'character')}`) : text;
}

function readNumber(text: string, field: Field, wrong: Wrong): unknown {
  const trimmed = text.trim();
  const value = Number(trimmed);
  if (trimmed === '') return wrong('A number is missing');
  if (!Number.isFinite(value)) return wrong('This is not a number');
  if (field.kind !== 'number') return value;
  const { isInteger, minimum = -Infinity, maximum = Infinity } = field;
  if (isInteger && !Number.isInteger(value)) return wrong('This has to be a whole number');
  if (value < minimum) return wrong(`At least ${minimum}`);
  return value > maximum ? wrong(`At most ${maximum}`) : value;
}

function readList(
  items: readonly Draft[],
  field: Field,
  definitions: Unknowns,
  problems: Problem[],
  path: Problem['path'],
  wrong: Wrong,
): unknown {
  if (field.kind === 'list' && items.length < field.minItems) wrong(`At least ${field.minItems} items`);
  if (field.kind === 'list' && items.length > field.maxItems) wrong(`At most ${field.maxItems} items`);
  return items.map((item, index) => {
    const schema = field.kind === 'list' ? itemSchema(field, index) : undefined;
    return readDraft(item, schema, definitions, problems, [...path, index]);
  });
}

function readObject(
  members: readonly DraftMember[],
  field: Field,
  definitions: Unknowns,
  problems: Problem[],
  path: Problem['path'],
  wrong: Wrong,
): unknown {
  const names = members.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index)))
    wrong(`There are two members '${name}'`);
  // Object.fromEntries makes a member of `__proto__`, too.
  return Object.fromEntries(
    members.map((member) => [
      member.name,
      readDraft(member.draft, memberSchema(field, member), definitions, problems, [...path, member.name]),
    ]),
  );
}

function fittingDraft(
  value: unknown,
  schema: unknown,
  definitions: Unknowns,
  depth: number,
  room: Room,
): Draft | undefined {
  if (depth > MAX_FORM_DEPTH) return undefined;
  const field = fieldOf(schema, definitions);
  const inner = (each: unknown, of: unknown): Draft => draftOf(each, of, definitions, depth + 1, room);
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? { kind: 'text', text: value } : undefined;
    case 'number':
      return typeof value === 'number' ? { kind: 'number', text: String(value) } : undefined;
    case 'flag':
      return typeof value === 'boolean' ? { kind: 'flag', value } : undefined;
    case 'constant':
      return writeText(field.value) === writeText(value) ? { kind: 'constant' } : undefined;
    case 'choice': {
      const index = field.values.findIndex((each) => writeText(each) === writeText(value));
      return index === -1 ? undefined : { kind: 'choice', index };
    }
    case 'bytes': {
      const bytes = bytesIn(value);
      return bytes && { kind: 'bytes', text: hexOf(bytes), notation: 'hex' };
    }
    case 'list':
      return Array.isArray(value)
        ? { kind: 'list', items: value.map((each, index) => inner(each, itemSchema(field, index))) }
        : undefined;
    case 'object':
      return isRecord(value) ? objectDraft(value, field, inner) : undefined;
    case 'union':
      return unionDraft(value, field, definitions, depth, room);
    case 'any':
      return undefined;
  }
}

function objectDraft(
  value: Unknowns,
  field: Extract<Field, { kind: 'object' }>,
  inner: (each: unknown, of: unknown) => Draft,
): Draft | undefined {
  const known = new Map(field.members.map((member) => [member.name, member]));
  const extra = Object.keys(value).filter((name) => !known.has(name));
  if (extra.length > 0 && field.others === undefined) return undefined;
  if (field.members.some(({ name, isRequired }) => isRequired && !Object.hasOwn(value, name)))
    return undefined;
  return {
    kind: 'object',
    members: [
      ...field.members
        .filter(({ name }) => Object.hasOwn(value, name))
        .map(({ name, schema }) => ({ name, isExtra: false, draft: inner(own(value, name), schema) })),
      ...extra.map((name) => ({ name, isExtra: true, draft: inner(own(value, name), field.others) })),
    ],
  };
}

/** The first option that the value fits as a whole, or else one that takes it as a text. */
function unionDraft(
  value: unknown,
  field: Extract<Field, { kind: 'union' }>,
  definitions: Unknowns,
  depth: number,
  room: Room,
): Draft | undefined {
  for (const [index, { schema }] of field.options.entries()) {
    room.tries -= 1;
    if (room.tries < 0) return undefined;
    const draft = fittingDraft(value, schema, definitions, depth + 1, room);
    if (draft && isFormed(draft, schema, definitions)) return { kind: 'union', index, draft };
  }
  return undefined;
}

/** Whether a draft has no text in the place of a form that there would be. */
function isFormed(draft: Draft, schema: unknown, definitions: Unknowns): boolean {
  const field = fieldOf(schema, definitions);
  if (draft.kind === 'any') return field.kind === 'any';
  if (draft.kind === 'object')
    return draft.members.every((member) => isFormed(member.draft, memberSchema(field, member), definitions));
  if (draft.kind === 'list' && field.kind === 'list')
    return draft.items.every((item, index) => isFormed(item, itemSchema(field, index), definitions));
  return true;
}
