import type { Type } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { JsonSchema } from '../../reflection/application-description.js';
import { isSchema, type ArgSchema } from '../decorators/arg-schema.js';
import { Definitions } from './definitions.js';
import type { SchemaPackages, ValidationMetadata } from './optional-packages.js';
import type { SchemaSource } from './schema-source.js';

/** Whether a schema is of what a side gets from the other before or after it was validated. */
export type Direction = 'input' | 'output';

/** What a schema may have besides what Standard Schema asks: Standard JSON Schema. */
interface StandardJsonSchema {
  readonly jsonSchema?: Record<Direction, (options: object) => unknown>;
}

const TARGET = 'draft-2020-12';
const BYTES = { type: 'string', contentEncoding: 'base64', 'x-jstp-type': 'bytes' };
const DATE_TIME = { type: 'string', format: 'date-time' };

/** Writes schemas of types, for one description. */
export class SchemaWriter {
  readonly definitions = new Definitions();
  private readonly classes = new Map<unknown, string>();
  /** The names of those that have decorators of class-validator. */
  private readonly validated = new Set<string>();
  private readonly simple: ReadonlyMap<unknown, JsonSchema | undefined>;

  /**
   * @param packages what is installed
   * @param isExtended whether the server has `types: 'extended'`
   */
  constructor(
    private readonly packages: SchemaPackages,
    isExtended: boolean,
  ) {
    const extended = (name: string): JsonSchema | undefined =>
      isExtended ? { 'x-jstp-type': name } : undefined;
    this.simple = new Map<unknown, JsonSchema | undefined>([
      [String, { type: 'string' }],
      [Number, { type: 'number' }],
      [Boolean, { type: 'boolean' }],
      // As TypeScript's metadata have them, these say nothing, or not enough.
      [Object, undefined],
      [Function, undefined],
      [Promise, undefined],
      [Symbol, undefined],
      [Observable, undefined],
      [Array, { type: 'array' }],
      [Date, isExtended ? { ...DATE_TIME, 'x-jstp-type': 'Date' } : DATE_TIME],
      [
        URL,
        isExtended
          ? { type: 'string', format: 'uri', 'x-jstp-type': 'URL' }
          : { type: 'string', format: 'uri' },
      ],
      [BigInt, extended('bigint')],
      [Map, extended('Map')],
      [Set, extended('Set')],
      [RegExp, extended('RegExp')],
      [Error, extended('Error')],
    ]);
  }

  /** The schema of a source; undefined where nothing is known. */
  of(source: SchemaSource | undefined, direction: Direction): JsonSchema | undefined {
    if (source === undefined) return undefined;
    if (source === null) return false;
    if (isSchema(source)) return this.ofStandard(source, direction);
    if (typeof source === 'function') return this.ofType(source);
    if ('jsonSchema' in source) return this.definitions.adopt(source.jsonSchema);
    const items = this.of(source[0], direction);
    return items === undefined ? { type: 'array' } : { type: 'array', items };
  }

  /** The schema of a class, as metadata of TypeScript name it; undefined where nothing is known. */
  ofType(type: unknown): JsonSchema | undefined {
    if (typeof type !== 'function') return undefined;
    if (this.simple.has(type)) return this.simple.get(type);
    if (isBytes(type)) return BYTES;
    if (isStream(type)) return undefined;
    return this.definitions.ref(this.nameOf(type as Type));
  }

  /** The schema of a class that has decorators of class-validator; undefined for any other. */
  ofValidated(type: unknown): JsonSchema | undefined {
    if (typeof type !== 'function' || this.simple.has(type) || isBytes(type) || isStream(type))
      return undefined;
    const name = this.classes.get(type);
    if (name !== undefined) return this.validated.has(name) ? this.definitions.ref(name) : undefined;
    // Why not as for any class: another schema of the type may be known, and should have the name.
    if (!this.isValidated(type as Type)) return undefined;
    return this.definitions.ref(this.nameOf(type as Type));
  }

  private isValidated(type: Type): boolean {
    const { classSchemas } = this.packages;
    const nothing = {
      classTransformerMetadataStorage: undefined,
      additionalConverters: { nestedValidation: () => true },
    };
    return (
      classSchemas !== undefined && type.name !== '' && Object.keys(classSchemas(type, nothing)).length > 0
    );
  }

  private nameOf(type: Type): string {
    const known = this.classes.get(type);
    if (known !== undefined) return known;
    const name = this.definitions.take(type.name);
    this.classes.set(type, name);
    if (this.isValidated(type)) this.validated.add(name);
    this.definitions.set(name, this.ofClass(type));
    return name;
  }

  private ofClass(type: Type): JsonSchema {
    const { classSchemas, types } = this.packages;
    const none = { type: 'object' };
    if (!classSchemas || type.name === '') return none;
    const nested = (metadata: ValidationMetadata): JsonSchema | undefined => this.ofProperty(metadata);
    const schema = classSchemas(type, {
      classTransformerMetadataStorage: types,
      additionalConverters: {
        nestedValidation: nested,
        customValidation: nested,
        isEnum: ofEnum,
        isDate: () => this.simple.get(Date),
        isNotEmpty: notEmpty,
        isDefined: () => ({}),
      },
    });
    return Object.keys(schema).length > 0 ? this.definitions.adopt(schema, type.name) : none;
  }

  /** The schema of a property of a class: what `@Type` declares, or TypeScript's metadata. */
  private ofProperty({ target, propertyName }: ValidationMetadata): JsonSchema | undefined {
    const declared = this.packages.types?.findTypeMetadata(target, propertyName)?.typeFunction?.();
    return this.ofType(declared ?? propertyType(target, propertyName));
  }

  private ofStandard(schema: ArgSchema, direction: Direction): JsonSchema | undefined {
    const { jsonSchema, vendor } = schema['~standard'] as ArgSchema['~standard'] & StandardJsonSchema;
    const { valibotSchemas } = this.packages;
    const written = attempt(() => {
      if (jsonSchema)
        return jsonSchema[direction]({ target: TARGET, libraryOptions: this.optionsOf(vendor) });
      if (vendor !== 'valibot' || !valibotSchemas) return undefined;
      return valibotSchemas(schema, { target: TARGET, typeMode: direction, errorMode: 'ignore' });
    });
    return written === undefined ? undefined : this.definitions.adopt(written);
  }

  /** What makes a library write what JSON Schema cannot say as any value, in the place of failing. */
  private optionsOf(vendor: string): object | undefined {
    if (vendor !== 'zod') return undefined;
    const override = (context: ZodContext): void => {
      if (context.zodSchema._zod?.def?.type === 'date')
        Object.assign(context.jsonSchema, this.simple.get(Date));
    };
    return { unrepresentable: 'any', override };
  }
}

/** What zod tells of a schema that it writes. */
interface ZodContext {
  readonly zodSchema: { readonly _zod?: { readonly def?: { readonly type?: unknown } } };
  readonly jsonSchema: object;
}

/** Why not the package's own: it names the numbers of an enumeration twice, and all of them texts. */
function ofEnum({ constraints }: ValidationMetadata): JsonSchema | undefined {
  const [enumeration] = constraints ?? [];
  if (typeof enumeration !== 'object' || enumeration === null) return undefined;
  const values = Object.entries(enumeration).flatMap(([key, value]) =>
    /^-?\d+$/.test(key) ? [] : [value as unknown],
  );
  return { enum: values };
}

/** Why not the package's own: it makes a text of every property. */
function notEmpty({ target, propertyName }: ValidationMetadata): JsonSchema {
  return propertyType(target, propertyName) === String ? { type: 'string', minLength: 1 } : {};
}

/** The type that TypeScript's metadata have of a property. */
function propertyType(target: unknown, name: string): unknown {
  return Reflect.getMetadata('design:type', (target as Type).prototype as object, name);
}

function isBytes(type: unknown): boolean {
  const { prototype } = type as { readonly prototype?: unknown };
  return type === Uint8Array || type === ArrayBuffer || prototype instanceof Uint8Array;
}

function isStream(type: unknown): boolean {
  return (type as { readonly prototype?: unknown }).prototype instanceof Observable;
}

function attempt(write: () => unknown): unknown {
  try {
    return write();
  } catch {
    // A schema that its library cannot write is one of which nothing is known.
    return undefined;
  }
}
