import {
  check,
  checkNames,
  isBoolean,
  isObject,
  isString,
  isText,
  optional,
} from '../../protocol/option-checks.js';
import { declareEvent, type DeclaredArgumentType } from '../reflection/declarations.js';
import { isSchemaSource, SOURCE_ALLOWED, type SchemaSource } from '../reflection/schema-source.js';

/** An argument of an event that the server emits: its type alone, or more about it. */
export type JstpEmittedArgument = SchemaSource | JstpEmittedArgumentOptions;

/** More about an argument of an event that the server emits. */
export interface JstpEmittedArgumentOptions {
  /** The name, for people. @default none */
  readonly name?: string;
  /** What the argument means. @default nothing is said */
  readonly description?: string;
  /** Its type. @default not known */
  readonly type?: SchemaSource;
  /** Whether it may be missing. @default false */
  readonly optional?: boolean;
}

/** The options of `@JstpEmits`. */
export interface JstpEmitsOptions {
  /** The arguments, in order. @default they are not known */
  readonly arguments?: readonly JstpEmittedArgument[];
  /** What has happened: plain text or Markdown. @default nothing is said */
  readonly description?: string;
  /** Whether clients should not listen for it any more; or what to use in its place. @default false */
  readonly deprecated?: boolean | string;
  /** The version of the application that emits it first. @default nothing is said */
  readonly since?: string;
  /** The interface. @default that of the class (`@JstpInterface`); without one, the part of the event's name before its last dot */
  readonly interface?: string;
}

/**
 * Declares an event that the server emits to its clients, for descriptions: on the class of a controller, or on the
 * handler that emits it. It may stand there several times.
 *
 * @param event the name of the event
 * @throws ConfigurationError for an unknown option, and for what is no type
 * @example
 * &#64;JstpInterface('rooms')
 * &#64;JstpEmits('joined', { arguments: [{ name: 'room', type: String }, { name: 'who', type: String }] })
 * &#64;Controller()
 * class RoomsController {}
 */
export function JstpEmits(event: string, options: JstpEmitsOptions = {}): ClassDecorator & MethodDecorator {
  check('@JstpEmits', event, 'given the name of an event', isText);
  checkOptions(options);
  const declared = {
    event,
    interface: options.interface,
    description: options.description,
    deprecated: options.deprecated,
    since: options.since,
    arguments: options.arguments?.map(argumentOf),
  };
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    declareEvent(key === undefined ? target : (descriptor?.value as object), declared);
  };
}

function checkOptions(options: JstpEmitsOptions): void {
  const what = 'the options of @JstpEmits';
  checkNames(what, options, ['arguments', 'description', 'deprecated', 'since', 'interface']);
  check('the option arguments of @JstpEmits', options.arguments, 'an array', optional(Array.isArray));
  check('the option description of @JstpEmits', options.description, 'a text', optional(isString));
  check('the option since of @JstpEmits', options.since, 'a text', optional(isText));
  check('the option interface of @JstpEmits', options.interface, 'a name', optional(isText));
  const isDeprecation = (value: unknown): boolean => isBoolean(value) || isText(value);
  check(
    'the option deprecated of @JstpEmits',
    options.deprecated,
    'true, false or a text',
    optional(isDeprecation),
  );
}

function argumentOf(given: JstpEmittedArgument): DeclaredArgumentType {
  if (isSchemaSource(given)) return { type: given };
  check(
    'an argument of @JstpEmits',
    given,
    `${SOURCE_ALLOWED}; or { name, description, type, optional }`,
    isObject,
  );
  checkNames('an argument of @JstpEmits', given, ['name', 'description', 'type', 'optional']);
  check('the option type of an argument of @JstpEmits', given.type, SOURCE_ALLOWED, optional(isSchemaSource));
  return given;
}
