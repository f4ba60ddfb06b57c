import { arrayOf, isRecord, own, recordOf, textOf, type Unknowns } from './untrusted.js';
import { writeLine } from './value-text.js';

/** How many references and `allOf` may follow one another. */
const MAX_HOPS = 16;
/** How many schemas are looked at for one. */
const MAX_STEPS = 200;
const MAX_UNION = 50;
/** How many of a union's types a label names. */
const MAX_LABELLED = 8;
const DEFINITIONS = /^#\/(?:definitions|\$defs)\/(.+)$/;

/**
 * A schema with its references followed and its `allOf` merged. `undefined`: nothing is said, or it leads nowhere.
 * A schema that refers to itself without an end says nothing either.
 */
export function resolveSchema(schema: unknown, definitions: Unknowns): Unknowns | undefined {
  return resolve(schema, definitions, MAX_HOPS, { left: MAX_STEPS });
}

/** @param room how many schemas may still be looked at. Why: an `allOf` of itself, many times over, would have no end */
function resolve(
  schema: unknown,
  definitions: Unknowns,
  hops: number,
  room: { left: number },
): Unknowns | undefined {
  room.left -= 1;
  if (!isRecord(schema) || hops <= 0 || room.left < 0) return undefined;
  let found: Unknowns = schema;
  const reference = own(schema, '$ref');
  if (typeof reference === 'string') {
    const target = resolve(targetOf(reference, definitions), definitions, hops - 1, room);
    if (!target) return undefined;
    const { $ref: _, ...beside } = schema;
    found = { ...target, ...beside };
  }
  const all = arrayOf(own(found, 'allOf'));
  if (all.length === 0) return found;
  const { allOf: _, ...rest } = found;
  return all
    .slice(0, MAX_HOPS)
    .map((each) => resolve(each, definitions, hops - 1, room))
    .reduce<Unknowns>((merged, each) => (each ? mergeSchemas(merged, each) : merged), rest);
}

/** The schemas of which a value has to fit one; undefined: it is no union. */
export function unionOf(schema: Unknowns): readonly unknown[] | undefined {
  for (const keyword of ['anyOf', 'oneOf']) {
    const options = arrayOf(own(schema, keyword));
    if (options.length > 0) {
      const { [keyword]: _, ...beside } = schema;
      const { title: _title, description: _description, default: _default, ...common } = beside;
      return options
        .slice(0, MAX_UNION)
        .map((option) =>
          isRecord(option) && Object.keys(common).length > 0 ? { allOf: [common, option] } : option,
        );
    }
  }
  const types = arrayOf(own(schema, 'type'));
  if (types.length < 2) return undefined;
  return types.slice(0, MAX_UNION).map((type) => (type === 'null' ? { type } : { ...schema, type }));
}

/** A schema's type in a few words: `string`, `Message[]`, `number or null`. */
export function typeLabel(schema: unknown, definitions: Unknowns, depth = 3): string {
  if (schema === false) return 'nothing';
  if (!isRecord(schema)) return 'any value';
  const reference = own(schema, '$ref');
  const named = typeof reference === 'string' ? DEFINITIONS.exec(reference)?.[1] : undefined;
  if (named !== undefined) return short(decodePointer(named));
  const found = resolveSchema(schema, definitions);
  if (!found) return 'any value';
  if (Object.hasOwn(found, 'const')) return short(writeLine(found['const'], 80));
  const values = arrayOf(own(found, 'enum'));
  if (values.length > 0)
    return short(
      values
        .slice(0, 8)
        .map((value) => writeLine(value, 40))
        .join(' or '),
    );
  const options = unionOf(found);
  if (options)
    return depth > 0
      ? short(
          [
            ...new Set(
              options.slice(0, MAX_LABELLED).map((option) => typeLabel(option, definitions, depth - 1)),
            ),
          ].join(' or '),
        )
      : '…';
  const extended = textOf(own(found, 'x-jstp-type'), 40);
  if (extended !== undefined) return extended;
  const type = typeOf(found);
  if (type === 'array') {
    const items = own(found, 'items');
    const inner = depth > 0 && isRecord(items) ? typeLabel(items, definitions, depth - 1) : 'value';
    return inner.includes(' ') ? `(${inner})[]` : `${inner}[]`;
  }
  if (type === 'object') return textOf(own(found, 'title'), 60) ?? 'object';
  const format = textOf(own(found, 'format'), 40);
  return type === undefined ? 'any value' : format === undefined ? type : `${type} (${format})`;
}

/** The one type of a schema, said or seen by its keywords. */
export function typeOf(schema: Unknowns): string | undefined {
  const type = own(schema, 'type');
  if (typeof type === 'string') return type;
  if (Array.isArray(type) && type.length === 1 && typeof type[0] === 'string') return type[0];
  if (isRecord(own(schema, 'properties'))) return 'object';
  if (Object.hasOwn(schema, 'items') || Object.hasOwn(schema, 'prefixItems')) return 'array';
  return undefined;
}

function targetOf(reference: string, definitions: Unknowns): unknown {
  const name = DEFINITIONS.exec(reference)?.[1];
  return name === undefined ? undefined : own(definitions, decodePointer(name));
}

/** What stands in a JSON pointer, as `~1` for a slash. */
function decodePointer(text: string): string {
  let decoded = text;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    // A percent sign that begins nothing is one.
  }
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}

function mergeSchemas(one: Unknowns, other: Unknowns): Unknowns {
  const properties = { ...recordOf(own(one, 'properties')), ...recordOf(own(other, 'properties')) };
  const required = [...arrayOf(own(one, 'required')), ...arrayOf(own(other, 'required'))];
  return {
    ...one,
    ...other,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  };
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
