import { Ctx, Payload } from '@nestjs/microservices';
import { ENTRY_PROVIDER_METADATA, ROUTE_ARGUMENTS_METADATA } from '../constants.js';

/** What `@JstpExpose` declares on a class. */
export interface DeclaredInterface {
  readonly interfaceName: string;
  /** The name of the client; undefined: that of the client without a name. */
  readonly client: string | undefined;
}

/** What `@JstpSubscribe` declares. */
export interface DeclaredSubscription {
  readonly interfaceName: string;
  readonly event: string;
  /** The name of the client; undefined: that of the client without a name. */
  readonly client: string | undefined;
}

/** A method with at least one of the two decorators. */
export interface DeclaredMethod {
  /** The name of the class's method. */
  readonly key: string;
  readonly method: () => unknown;
  /** The name by which the server calls it; undefined where it is not exposed. */
  readonly exposedAs: string | undefined;
  readonly subscriptions: readonly DeclaredSubscription[];
}

const INTERFACE_METADATA = 'jstp:exposed-interface';
const EXPOSED_METADATA = 'jstp:exposed-as';
const SUBSCRIPTIONS_METADATA = 'jstp:subscriptions';

/** Remembers the interface of a class. */
export function declareInterface(target: object, declared: DeclaredInterface): void {
  Reflect.defineMetadata(INTERFACE_METADATA, declared, target);
  markAsEntry(target);
}

/** Remembers that the server may call a method. */
export function declareExposed(prototype: object, key: string, method: object, name: string): void {
  Reflect.defineMetadata(EXPOSED_METADATA, name, method);
  prepare(prototype, key);
}

/** Remembers a subscription of a method. */
export function declareSubscription(
  prototype: object,
  key: string,
  method: object,
  subscription: DeclaredSubscription,
): void {
  Reflect.defineMetadata(SUBSCRIPTIONS_METADATA, [subscription, ...subscriptionsOf(method)], method);
  prepare(prototype, key);
}

/** Returns what a class, or one that it extends, declares; undefined where neither does. */
export function interfaceOf(type: object): DeclaredInterface | undefined {
  return Reflect.getMetadata(INTERFACE_METADATA, type) as DeclaredInterface | undefined;
}

/**
 * Lists the methods of a class that have one of the decorators, inherited ones included. Why by the function: one that
 * overrides a decorated method has no metadata, and so is not exposed by accident.
 */
export function declaredMethods(prototype: object): DeclaredMethod[] {
  const found = new Map<string, DeclaredMethod | undefined>();
  for (
    let owner: object | null = prototype;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (!found.has(key)) found.set(key, declaredMethod(owner, key));
    }
  }
  return [...found.values()].filter((method) => method !== undefined);
}

function declaredMethod(owner: object, key: string): DeclaredMethod | undefined {
  const method: unknown = Object.getOwnPropertyDescriptor(owner, key)?.value;
  if (typeof method !== 'function') return undefined;
  const exposedAs = Reflect.getOwnMetadata(EXPOSED_METADATA, method) as string | undefined;
  const subscriptions = subscriptionsOf(method);
  if (exposedAs === undefined && subscriptions.length === 0) return undefined;
  return { key, method: method as () => unknown, exposedAs, subscriptions };
}

function subscriptionsOf(method: object): readonly DeclaredSubscription[] {
  return (Reflect.getOwnMetadata(SUBSCRIPTIONS_METADATA, method) ?? []) as readonly DeclaredSubscription[];
}

function prepare(prototype: object, key: string): void {
  markAsEntry(prototype.constructor);
  // Decorators of parameters have run. Without any, a handler of Nest gets data and context, and pipes see both.
  if (Reflect.hasMetadata(ROUTE_ARGUMENTS_METADATA, prototype.constructor, key)) return;
  Payload()(prototype, key, 0);
  Ctx()(prototype, key, 1);
}

/** Without this mark, Nest would leave out global enhancers in request scope: a guard, for example. */
function markAsEntry(type: object): void {
  Reflect.defineMetadata(ENTRY_PROVIDER_METADATA, true, type);
}
