import {
  addExtras,
  classNameOf,
  hasExtras,
  isAsyncGenerator,
  type JstpHandlerExtras,
} from './handler-extras.js';

/** The application and interface of a handler, as decorators of classes and methods declare them. */
export type Placement = Pick<JstpHandlerExtras, 'application' | 'interface'>;

type Method = (...args: unknown[]) => unknown;
type Class = abstract new (...args: never[]) => object;

const PLACEMENT_METADATA = 'jstp:placement';

/** Makes a decorator for classes and methods. That of a method wins, in whatever order decorators run. */
export function placementDecorator(placement: Placement): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (key === undefined) placeClass(target as Class, placement);
    else placeMethod(target, key, descriptor?.value as Method, placement);
  };
}

function placeMethod(prototype: object, key: string | symbol, method: Method, placement: Placement): void {
  rememberPlacement(method, placement);
  addExtras(method, { ...placement, className: classNameOf(prototype), methodName: String(key) });
}

/**
 * Places all handlers of a class. An inherited handler becomes a method of this class. Why: the method of the base
 * class has one set of metadata for all subclasses.
 */
function placeClass(target: Class, placement: Placement): void {
  rememberPlacement(target, placement);
  const ofClass = placementOfClass(target);
  const prototype = target.prototype as Record<string, Method>;
  for (const name of handlerNames(prototype)) {
    if (!Object.hasOwn(prototype, name)) inherit(prototype, name);
    const method = prototype[name];
    const ofMethod = ownPlacement(method);
    addExtras(method, { ...ofClass, ...ofMethod, className: target.name, methodName: name });
  }
}

function rememberPlacement(target: object, placement: Placement): void {
  Reflect.defineMetadata(PLACEMENT_METADATA, { ...ownPlacement(target), ...placement }, target);
}

function ownPlacement(target: object): Placement {
  return (Reflect.getOwnMetadata(PLACEMENT_METADATA, target) ?? {}) as Placement;
}

/** Returns the placement of a class; what the class does not declare comes from its base class. */
function placementOfClass(target: object | null): Placement {
  if (target === null || target === Function.prototype) return {};
  return { ...placementOfClass(Object.getPrototypeOf(target) as object | null), ...ownPlacement(target) };
}

/** Returns the names of a class's handlers, inherited ones included, as Nest finds them. */
function handlerNames(prototype: object): string[] {
  const names = new Set<string>();
  const handlers: string[] = [];
  for (
    let owner: object | null = prototype;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (names.has(name) || name === 'constructor') continue;
      names.add(name);
      const method: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
      if (typeof method === 'function' && hasExtras(method)) handlers.push(name);
    }
  }
  return handlers;
}

function functionOf(original: Method): Method {
  return function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(original, this, args);
  };
}

/**
 * Wraps an async generator. Why a wrapper of its own: Nest and this package see from the function what a handler is.
 */
function generatorOf(original: Method): Method {
  return async function* (this: unknown, ...args: unknown[]): AsyncGenerator {
    yield* Reflect.apply(original, this, args) as AsyncGenerator;
  };
}

function inherit(prototype: Record<string, Method>, name: string): void {
  const original = prototype[name];
  const wrapper = isAsyncGenerator(original) ? generatorOf(original) : functionOf(original);
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: original[property], configurable: true });
  }
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapper);
  }
  Object.defineProperty(prototype, name, {
    value: wrapper,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}
