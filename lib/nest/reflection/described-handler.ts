import type {
  ArgumentDescription,
  JsonSchema,
  MemberDescription,
  MethodDescription,
} from '../../reflection/application-description.js';
import { PATTERN_EXTRAS_METADATA, ROUTE_ARGUMENTS_METADATA } from '../constants.js';
import { isSchema } from '../decorators/arg-schema.js';
import { isAsyncGenerator, jstpExtrasOf, type DeclaredArgument } from '../decorators/handler-extras.js';
import { isStreamType } from '../handling/stream-parameters.js';
import type { ControllerMethod } from '../server/registration.js';
import {
  declaredMember,
  declaredParameters,
  declaredResult,
  returnTypeOf,
  typesOf,
  type DeclaredMember,
} from './declarations.js';
import { pluginHandler, type KnownHandler } from './plugin-metadata.js';
import type { SchemaWriter } from './schema-writer.js';

/** What is known of the result of a method. */
type Result = Pick<MethodDescription, 'result' | 'streams'>;

/** What Nest keeps of a parameter that has a decorator. */
interface RouteArgument {
  readonly index: number;
  readonly data?: unknown;
  /** Of `@Payload({ schema })`, by Nest 12. */
  readonly schema?: unknown;
}

/** The kind of Nest's `@Payload()` in the keys of what Nest keeps of parameters. */
const PAYLOAD = '3:';
/** The key under which Nest keeps `@SerializeOptions({ schema })`, which StandardSchemaSerializerInterceptor reads. */
const SERIALIZE_OPTIONS = 'class_serializer:options';

/** Describes the method of a handler, by its decorators and by the metadata of TypeScript. */
export class DescribedHandler {
  private readonly prototype: object;
  private readonly method: (...args: unknown[]) => unknown;
  private readonly known: KnownHandler | undefined;
  private readonly declared: readonly DeclaredArgument[] | undefined;

  constructor(
    private readonly of: Pick<ControllerMethod, 'controller' | 'name'>,
    private readonly schemas: SchemaWriter,
  ) {
    this.known = pluginHandler(of.controller, of.name);
    this.prototype = of.controller.prototype as object;
    this.method = (this.prototype as Record<string, (...args: unknown[]) => unknown>)[of.name];
    const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, this.method) as
      Record<string, unknown> | undefined;
    this.declared = jstpExtrasOf(extras).arguments;
  }

  /** Whether `@Arg` declares its arguments. */
  get hasArguments(): boolean {
    return this.declared !== undefined;
  }

  /** Describes an event, or what a handshake has in common with it. */
  member(): MemberDescription {
    const { description, deprecated, since } = this.known?.handler ?? {};
    const known = memberOf({ description, deprecated, since });
    return { ...known, ...memberOf(declaredMember(this.method)), ...present('arguments', this.arguments()) };
  }

  /** Describes a method. */
  methodDescription(): MethodDescription {
    const { idempotent } = declaredMember(this.method);
    return {
      ...this.member(),
      ...(idempotent === true && { idempotent: true as const }),
      ...this.result(),
    };
  }

  /** The schema of the payload as a whole: of credentials that are no array. */
  payload(): ArgumentDescription | undefined {
    const parameter = this.payloadParameter();
    return parameter && this.argument(parameter.index, parameter.schema, undefined);
  }

  private arguments(): readonly ArgumentDescription[] | undefined {
    if (this.declared) return this.declaredArguments(this.declared);
    const payload = this.payloadParameter();
    // Nest hands on what has come to whom asks for nothing in particular.
    if (!payload) return this.method.length === 0 ? [] : undefined;
    // An array may be the one argument, or all of several.
    const isKnown =
      payload.schema !== undefined || this.known?.handler.parameters.at(payload.index) !== undefined;
    if (this.typeOf(payload.index) === Array && !isKnown) return undefined;
    return [this.argument(payload.index, payload.schema, undefined)];
  }

  private declaredArguments(declared: readonly DeclaredArgument[]): ArgumentDescription[] {
    const count = Math.max(-1, ...declared.map(({ index }) => index)) + 1;
    return Array.from({ length: count }, (_, index) => {
      const same = declared.filter((one) => one.index === index);
      const first = same.find(({ schema }) => schema) ?? same.at(0);
      if (!first) return {};
      const isOptional = same.every(({ optional }) => optional);
      return {
        ...this.argument(first.parameter, first.schema, first.name),
        ...(isOptional && { optional: true as const }),
      };
    });
  }

  /** @param index the position of the parameter in the method */
  private argument(index: number, schema: unknown, name: string | undefined): ArgumentDescription {
    const type = this.typeOf(index);
    const found = this.known?.handler.parameters.at(index);
    const known = isSchema(schema)
      ? this.schemas.of(schema, 'input')
      : (this.schemas.ofValidated(type) ?? this.adopted(found?.schema) ?? this.schemas.ofType(type));
    return {
      ...present('name', name ?? found?.name),
      ...present('description', declaredParameters(this.method)[index] ?? found?.description),
      ...present('schema', known),
      ...((isStreamType(type) || found?.streams === true) && { streams: true as const }),
    };
  }

  /** The parameter that gets all that has come; undefined where none does, or only a part of it. */
  private payloadParameter(): RouteArgument | undefined {
    const kept = Reflect.getMetadata(ROUTE_ARGUMENTS_METADATA, this.of.controller, this.of.name) as
      Readonly<Record<string, RouteArgument>> | undefined;
    if (!kept) return this.method.length > 0 ? { index: 0 } : undefined;
    const payloads = Object.entries(kept).filter(([key]) => key.startsWith(PAYLOAD));
    return payloads.map(([, parameter]) => parameter).find(({ data }) => data === undefined || data === null);
  }

  private typeOf(index: number): unknown {
    return typesOf(this.prototype, this.of.name)?.[index];
  }

  private result(): Result {
    const type = returnTypeOf(this.prototype, this.of.name);
    const declared = declaredResult(this.method);
    const isStream =
      isAsyncGenerator(this.method) || isStreamType(type) || this.known?.handler.streams === true;
    const streams = declared?.streams ?? isStream;
    const schema = declared ? this.schemas.of(declared.source, 'output') : this.serialized(type);
    return { ...present('result', schema), ...(streams && { streams: true as const }) };
  }

  /** A schema of the plugin's, with the definitions that it points to. */
  private adopted(schema: JsonSchema | undefined): JsonSchema | undefined {
    const definitions = this.known?.definitions;
    if (typeof schema !== 'object') return schema;
    return this.schemas.definitions.adopt({ ...schema, definitions });
  }

  /** The schema of what Nest's serializer makes, or of the type that is declared. */
  private serialized(type: unknown): MethodDescription['result'] {
    const options = (Reflect.getMetadata(SERIALIZE_OPTIONS, this.method) ??
      Reflect.getMetadata(SERIALIZE_OPTIONS, this.of.controller)) as
      { readonly schema?: unknown } | undefined;
    const schema = options?.schema;
    if (!isSchema(schema)) return this.adopted(this.known?.handler.result) ?? this.schemas.ofType(type);
    // Nest's serializer takes each element of an array.
    return this.schemas.of(type === Array ? [schema] : schema, 'output');
  }
}

/** Describes what `@JstpDescription` declares of any member. */
export function memberOf({ description, deprecated, since }: DeclaredMember): MemberDescription {
  return {
    ...present('description', description),
    ...((deprecated === true || typeof deprecated === 'string') && { deprecated }),
    ...present('since', since),
  };
}

/** An object with one member; with none, where the value is undefined. */
export function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Readonly<Record<Key, Value>>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<Key, Value>>;
}
