import type { ArgSchema } from './arg-schema.js';
import { EXTRAS_KEY, PATTERN_EXTRAS_METADATA } from '../constants.js';

/** How many arguments a handler takes. */
export interface Arity {
  /** The lowest number of arguments: the required ones. */
  readonly min: number;
  /** The highest number of arguments: the required and the optional ones. */
  readonly max: number;
}

/** An argument that an `@Arg` declares. */
export interface DeclaredArgument {
  /** The position of the argument, from 0. */
  readonly index: number;
  /** Whether callers may leave the argument out. */
  readonly optional: boolean;
  /** The position of the parameter in the method. */
  readonly parameter: number;
  /** The name that `@Arg` gives it, for descriptions. */
  readonly name?: string | undefined;
  /** The schema that validates it. */
  readonly schema?: ArgSchema | undefined;
}

/** What the decorators declare about a handler: its `extras.jstp`, which `getHandlers()` and Nest's inspector show. */
export interface JstpHandlerExtras {
  /** The application as 'name@version'. @default the server's `application` */
  readonly application?: string;
  /** The name of the interface. @default the interface that the pattern names */
  readonly interface?: string;
  /** The name of the controller's class, for error texts and logs. */
  readonly className?: string;
  /** The name of the handler's method, for error texts and logs. */
  readonly methodName?: string;
  /** How many arguments the handler takes; set where `@Arg` declares them. */
  readonly arity?: Arity;
  /** The arguments that `@Arg` declares. */
  readonly arguments?: readonly DeclaredArgument[];
  /** Set for a `@JstpHandshake` handler. Without a strategy, it decides on all strategies without a handler. */
  readonly handshake?: { readonly strategy?: string };
}

type Extras = Record<string, unknown>;

/** Returns what the decorators have declared, from Nest's extras. */
export function jstpExtrasOf(extras: Extras | undefined): JstpHandlerExtras {
  return extras?.[EXTRAS_KEY] ?? {};
}

/** Whether a method is a handler, or has a decorator of this package that waits for one of Nest's. */
export function hasExtras(method: object): boolean {
  return Reflect.hasMetadata(PATTERN_EXTRAS_METADATA, method);
}

/**
 * Adds to the extras of a handler. Nest's own decorators merge into what is there, so that their order does not
 * matter. Why a new object: the method of a base class may share the old one.
 */
export function addExtras(method: object, more: JstpHandlerExtras): void {
  const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as Extras | undefined;
  const merged = { ...extras, [EXTRAS_KEY]: { ...jstpExtrasOf(extras), ...more } };
  Reflect.defineMetadata(PATTERN_EXTRAS_METADATA, merged, method);
}

/** Returns the name of the class of a prototype. */
export function classNameOf(prototype: object): string {
  return prototype.constructor.name;
}

/**
 * Whether a method is an `async *method()`. Compiled for ES2017 or older, it is a plain function, and this returns
 * false.
 */
export function isAsyncGenerator(method: object): boolean {
  return Object.prototype.toString.call(method) === '[object AsyncGeneratorFunction]';
}
