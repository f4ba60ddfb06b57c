import type { JsonSchema } from '../../reflection/application-description.js';

/** The types that class-transformer keeps: what `@Type` declares. */
export interface TypeStorage {
  findTypeMetadata(target: unknown, property: string): { readonly typeFunction?: () => unknown } | undefined;
}

/** What class-validator keeps of a property: the part that is used here. */
export interface ValidationMetadata {
  readonly target: unknown;
  readonly propertyName: string;
  readonly constraints?: readonly unknown[];
}

/** The options of class-validator-jsonschema that are used here. */
export interface ClassSchemaOptions {
  readonly classTransformerMetadataStorage: TypeStorage | undefined;
  readonly additionalConverters: Readonly<
    Record<string, (metadata: ValidationMetadata) => JsonSchema | undefined>
  >;
}

/** Makes schemas of classes: what is used of class-validator-jsonschema. */
export type ClassSchemas = (type: unknown, options: ClassSchemaOptions) => Readonly<Record<string, unknown>>;

/** Makes a JSON Schema of one of valibot: what is used of `@valibot/to-json-schema`. */
export type ValibotSchemas = (schema: unknown, options: object) => Readonly<Record<string, unknown>>;

/** What an application may have installed that makes descriptions richer. */
export interface SchemaPackages {
  readonly classSchemas: ClassSchemas | undefined;
  readonly types: TypeStorage | undefined;
  readonly valibotSchemas: ValibotSchemas | undefined;
}

/** Why a variable: the file has no types. */
const TYPE_STORAGE = 'class-transformer/cjs/storage.js' as string;

let loading: Promise<SchemaPackages> | undefined;

/** Loads what is installed. Why not before the first description: it takes longer than this package does. */
export function loadSchemaPackages(): Promise<SchemaPackages> {
  return (loading ??= load());
}

async function load(): Promise<SchemaPackages> {
  const [validator, transformer, valibot] = await Promise.all([
    // Why cast: their types are not those of the versions that an application may have.
    attempt(() => import('class-validator-jsonschema')),
    // The package does not export it, and everybody takes it from there.
    attempt(() => import(TYPE_STORAGE)),
    attempt(() => import('@valibot/to-json-schema') as Promise<unknown>),
  ]);
  return {
    classSchemas: part(validator, 'targetConstructorToSchema') as ClassSchemas | undefined,
    types: part(transformer, 'defaultMetadataStorage') as TypeStorage | undefined,
    valibotSchemas: part(valibot, 'toJsonSchema') as ValibotSchemas | undefined,
  };
}

/** Loads a package; undefined where it is not installed. */
async function attempt(load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await load();
  } catch {
    return undefined;
  }
}

/** Returns what a module exports under a name, also where it is CommonJS whose names Node does not see. */
function part(module: unknown, name: string): unknown {
  const exported = module as (Record<string, unknown> & { default?: Record<string, unknown> }) | undefined;
  return exported?.[name] ?? exported?.default?.[name];
}
