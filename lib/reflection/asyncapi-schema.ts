import { DEFINITIONS, type ArgumentDescription, type JsonSchema } from './application-description.js';

/** How deep a schema is read: what is deeper is any value. */
const MAX_DEPTH = 64;

/** The schema of the array of all arguments. */
export function ofArguments(given: readonly ArgumentDescription[] | undefined): JsonSchema {
  if (!given) return { type: 'array' };
  const firstOptional = given.findIndex(({ optional }) => optional);
  const minItems = firstOptional === -1 ? given.length : firstOptional;
  if (given.length === 0) return { type: 'array', maxItems: 0 };
  return { type: 'array', prefixItems: given.map(ofArgument), items: false, minItems };
}

function ofArgument({ name, description, schema = true, streams }: ArgumentDescription): JsonSchema {
  const notes = {
    ...(name !== undefined && { title: name }),
    ...(description !== undefined && { description }),
  };
  // A stream is no part of the message: its place has null.
  if (streams) return { ...notes, type: 'null', 'x-jstp': { items: schema } };
  if (Object.keys(notes).length === 0) return schema;
  if (schema === true) return notes;
  return schema === false ? schema : { ...schema, ...notes };
}

/**
 * Makes of a schema of a description one of AsyncAPI, whose dialect is that of draft 7.
 * @param definitions the keys of definitions in the document, by their names
 */
export function asyncApiSchema(schema: unknown, definitions: ReadonlyMap<string, string>): unknown {
  return converted(schema, definitions, 0);
}

function converted(schema: unknown, definitions: ReadonlyMap<string, string>, depth: number): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  // The array of a keyword goes with its schema: there must be something in it.
  if (depth > (Array.isArray(schema) ? MAX_DEPTH + 1 : MAX_DEPTH)) return Array.isArray(schema) ? [] : {};
  const within = (part: unknown): unknown => converted(part, definitions, depth + 1);
  if (Array.isArray(schema)) return schema.map(within);
  const { $ref, prefixItems, items, ...rest } = schema as Readonly<Record<string, unknown>>;
  const members = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, within(value)]));
  if (typeof $ref === 'string' && $ref.startsWith(DEFINITIONS)) return pointed($ref, members, definitions);
  if ($ref !== undefined) members['$ref'] = within($ref);
  const isTuple = Array.isArray(prefixItems);
  if (prefixItems !== undefined) members[isTuple ? 'items' : 'prefixItems'] = within(prefixItems);
  if (items !== undefined) members[isTuple ? 'additionalItems' : 'items'] = within(items);
  return members;
}

/** In draft 7, what stands beside a pointer counts for nothing. @param notes what stands there */
function pointed(pointer: string, notes: object, definitions: ReadonlyMap<string, string>): unknown {
  const name = definitions.get(pointer.slice(DEFINITIONS.length));
  if (name === undefined) return true;
  const ref = { $ref: `#/components/schemas/${name}` };
  return Object.keys(notes).length === 0 ? ref : { allOf: [ref], ...notes };
}
