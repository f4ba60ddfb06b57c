import type { Type } from '@nestjs/common';
import { isObject } from '../../protocol/option-checks.js';
import type { JsonSchema } from '../../reflection/application-description.js';
import { isSchema, type ArgSchema } from '../decorators/arg-schema.js';

/**
 * What says of which type a value is: a class (`String`, `Number`, `Boolean`, `Date`, a DTO with decorators of
 * class-validator...), a schema by Standard Schema (zod, valibot, arktype...), a JSON Schema as `{ jsonSchema }`, an array
 * with one of these for an array of such values, or null for no value.
 */
export type SchemaSource =
  Type | BigIntConstructor | ArgSchema | { readonly jsonSchema: JsonSchema } | readonly [SchemaSource] | null;

/** What {@link isSchemaSource} takes, for errors. */
export const SOURCE_ALLOWED =
  'a class, a schema by Standard Schema, { jsonSchema }, [one of these] for an array, or null for no value';

/** Whether a value may be a {@link SchemaSource}. */
export function isSchemaSource(value: unknown): value is SchemaSource {
  if (value === null || typeof value === 'function' || isSchema(value)) return true;
  if (Array.isArray(value)) return value.length === 1 && isSchemaSource(value[0]);
  return isObject(value) && 'jsonSchema' in value;
}
