import { EXTRAS_KEY, PATTERN_EXTRAS_METADATA } from '../constants.js';

/** How many arguments a handler takes. */
export interface Arity {
  readonly min: number;
  readonly max: number;
}

/** What an `@Arg` says. */
export interface DeclaredArgument {
  readonly index: number;
  readonly optional: boolean;
}

/** What the decorators say of a handler: its `extras.jstp`, which `getHandlers()` and Nest's inspector show. */
export interface JstpHandlerExtras {
  /** 'name@version'; without it the server's default application. */
  readonly application?: string;
  readonly interface?: string;
  /** The controller's class; with it the method's name, for error texts and logs. */
  readonly className?: string;
  readonly methodName?: string;
  /** Set where `@Arg` declares the arguments. */
  readonly arity?: Arity;
  /** The arguments themselves, with `arity`. */
  readonly arguments?: readonly DeclaredArgument[];
  /** Set for a `@JstpHandshake`; its strategy is missing where it takes every one. */
  readonly handshake?: { readonly strategy?: string };
}

type Extras = Record<string, unknown>;

/** What the decorators say, out of Nest's extras. */
export function jstpExtrasOf(extras: Extras | undefined): JstpHandlerExtras {
  return extras?.[EXTRAS_KEY] ?? {};
}

/** Whether a method is a handler, or has been prepared to become one. */
export function hasExtras(method: object): boolean {
  return Reflect.hasMetadata(PATTERN_EXTRAS_METADATA, method);
}

/**
 * Says more of a handler. Nest's own decorators merge into what is there, so that their order does not
 * matter. The extras are made anew: a base class's method may share the old ones.
 */
export function addExtras(method: object, more: JstpHandlerExtras): void {
  const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as Extras | undefined;
  const merged = { ...extras, [EXTRAS_KEY]: { ...jstpExtrasOf(extras), ...more } };
  Reflect.defineMetadata(PATTERN_EXTRAS_METADATA, merged, method);
}

/** The name of the class whose method a decorator sees. */
export function classNameOf(prototype: object): string {
  return prototype.constructor.name;
}

/** Whether a method is an `async *method()`; compiled for ES2017 or older it is a plain function. */
export function isAsyncGenerator(method: object): boolean {
  return Object.prototype.toString.call(method) === '[object AsyncGeneratorFunction]';
}
