import type { PipeTransform, Type } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { check, checkNames, isBoolean, isObject, isText, optional } from '../../protocol/option-checks.js';
import { isSchema, SchemaPipe, type ArgSchema } from './arg-schema.js';
import { addExtras, classNameOf, type Arity, type DeclaredArgument } from './handler-extras.js';

const ARGUMENTS_METADATA = 'jstp:arguments';
const MAX_INDEX = 255;

/** The options of `@Arg`. */
export interface ArgOptions {
  /** Whether callers may leave the argument out. One that is missing is not validated. @default false */
  readonly optional?: boolean;
  /**
   * Validates the argument, before the pipes of the parameter: a schema by the specification Standard Schema (zod,
   * valibot, arktype...). The handler gets what the schema makes of the value. What the caller gets where it does not
   * fit, the option `validationErrors` of JstpServer says. @default it is taken as it is
   */
  readonly schema?: ArgSchema;
  /** The name of the argument in descriptions: JavaScript does not keep that of the parameter. @default none */
  readonly name?: string;
}

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * Declares a parameter as one argument of a call or event, by its position. The data of a handler with an `@Arg` (and
 * of its guards and interceptors) are the array of all arguments. Their number is checked before anything runs: it
 * must be the highest position plus one, or in a range where arguments are optional; else the caller gets the code
 * 17. An optional argument before a required one, and a position that no parameter reads, are errors when the
 * application starts.
 *
 * @param index the position, from 0 to 255
 * @param optionsAndPipes options, then pipes for this argument; global pipes and those of the controller get it as well
 * @throws ConfigurationError for an index that is not an integer from 0 to 255, and for an unknown option
 * @example
 * send(&#64;Arg(0) room: string, &#64;Arg(1, { optional: true, schema: z.string().max(80) }) text?: string) {}
 */
export function Arg(index: number, ...optionsAndPipes: [ArgOptions, ...Pipe[]] | Pipe[]): ParameterDecorator {
  if (!Number.isInteger(index) || index < 0 || index > MAX_INDEX) {
    throw new ConfigurationError('@Arg', index, `an integer from 0 to ${MAX_INDEX}`);
  }
  // Why: those of some libraries have a method `transform`, and would be taken for a pipe that lets everything pass.
  if (optionsAndPipes.some(isSchema))
    throw new ConfigurationError('@Arg', 'a schema', 'given a schema as { schema }');
  const first = optionsAndPipes.at(0);
  const isOptions = first !== undefined && !isPipe(first);
  if (isOptions) checkOptions(first);
  const given = optionsAndPipes.slice(isOptions ? 1 : 0) as Pipe[];
  const isOptional = isOptions && first.optional === true;
  const schema = isOptions ? first.schema : undefined;
  const pipes = schema ? [new SchemaPipe(schema, index, isOptional), ...given] : given;
  return (target, key, parameterIndex) => {
    if (key === undefined)
      throw new ConfigurationError('@Arg', 'a constructor', 'used on parameters of a handler');
    Payload(String(index), ...pipes)(target, key, parameterIndex);
    declareArgument(target as Record<string | symbol, object>, key, {
      index,
      optional: isOptional,
      parameter: parameterIndex,
      name: isOptions ? first.name : undefined,
      schema,
    });
  };
}

function checkOptions(options: ArgOptions): void {
  checkNames('the options of @Arg', options, ['optional', 'schema', 'name']);
  check(
    'the option schema of @Arg',
    options.schema,
    'a schema by Standard Schema, version 1',
    optional(isSchema),
  );
  check('the option name of @Arg', options.name, 'a text', optional(isText));
  check('the option optional of @Arg', options.optional, 'true or false', optional(isBoolean));
}

function isPipe(value: ArgOptions | Pipe): value is Pipe {
  return typeof value === 'function' || (isObject(value) && 'transform' in value);
}

function declareArgument(
  prototype: Record<string | symbol, object>,
  key: string | symbol,
  argument: DeclaredArgument,
): void {
  const method = prototype[key];
  const known = (Reflect.getOwnMetadata(ARGUMENTS_METADATA, method) ?? []) as readonly DeclaredArgument[];
  const declared = [...known, argument];
  Reflect.defineMetadata(ARGUMENTS_METADATA, declared, method);
  addExtras(method, {
    arity: arityOf(declared),
    arguments: declared,
    className: classNameOf(prototype),
    methodName: String(key),
  });
}

function arityOf(declared: readonly DeclaredArgument[]): Arity {
  const count = (entries: readonly DeclaredArgument[]): number =>
    Math.max(-1, ...entries.map((entry) => entry.index)) + 1;
  return { min: count(declared.filter((entry) => !entry.optional)), max: count(declared) };
}
