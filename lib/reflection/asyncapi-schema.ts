import { DEFINITIONS, type ArgumentDescription, type JsonSchema } from './application-description.js';

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
  if (Array.isArray(schema)) return schema.map((one) => asyncApiSchema(one, definitions));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, prefixItems, items, ...rest } = schema as Readonly<Record<string, unknown>>;
  if (typeof $ref === 'string' && $ref.startsWith(DEFINITIONS)) return pointed($ref, rest, definitions);
  const members = Object.entries(rest).map(([key, value]) => [key, asyncApiSchema(value, definitions)]);
  const converted = Object.fromEntries(members) as Record<string, unknown>;
  if ($ref !== undefined) converted['$ref'] = asyncApiSchema($ref, definitions);
  if (Array.isArray(prefixItems)) {
    converted['items'] = asyncApiSchema(prefixItems, definitions);
    if (items !== undefined) converted['additionalItems'] = asyncApiSchema(items, definitions);
  } else {
    if (items !== undefined) converted['items'] = asyncApiSchema(items, definitions);
    if (prefixItems !== undefined) converted['prefixItems'] = asyncApiSchema(prefixItems, definitions);
  }
  return converted;
}

/** In draft 7, what stands beside a pointer counts for nothing. */
function pointed(pointer: string, beside: object, definitions: ReadonlyMap<string, string>): unknown {
  const name = definitions.get(pointer.slice(DEFINITIONS.length));
  if (name === undefined) return true;
  const ref = { $ref: `#/components/schemas/${name}` };
  const notes = asyncApiSchema(beside, definitions) as object;
  return Object.keys(notes).length === 0 ? ref : { allOf: [ref], ...notes };
}
