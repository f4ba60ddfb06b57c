import { PATTERN_EXTRAS_METADATA } from '../constants.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import type { ControllerMethod } from './registration.js';

/** Tells where a handler comes from, for error texts and logs. */
export interface HandlerOrigin {
  /** 'Class.method', or the pattern of a handler that was added by hand. */
  readonly text: string;
  /** The controller's class, its method and its module; undefined for a handler that was added by hand. */
  readonly method: Pick<ControllerMethod, 'controller' | 'name' | 'moduleName'> | undefined;
}

type Extras = Record<string, unknown>;

/**
 * Finds the methods of handlers. Nest hands on a handler with the extras object of its method, which no other method
 * has. Where classes share an inherited method, Nest registers their handlers in the order of the classes.
 */
export class HandlerOrigins {
  private readonly methods = new Map<unknown, ControllerMethod[]>();
  /** How many handlers were registered, by their extras and pattern. */
  private readonly counts = new Map<unknown, Map<unknown, number>>();

  /** Adds the methods of an application that is about to register its handlers, in the order of registration. */
  add(methods: readonly ControllerMethod[]): void {
    for (const entry of methods) {
      const extras: unknown = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, entry.method);
      const known = this.methods.get(extras);
      if (known) known.push(entry);
      else this.methods.set(extras, [entry]);
    }
  }

  /** Returns the origin of a handler that is being registered. Call it once for each handler. */
  next(extras: Extras | undefined, pattern: unknown): HandlerOrigin {
    const method = this.nextMethod(extras, pattern);
    if (method) return { text: `${method.controller.name}.${method.name}`, method };
    const { className, methodName } = jstpExtrasOf(extras);
    const isNamed = className !== undefined && methodName !== undefined;
    return { text: isNamed ? `${className}.${methodName}` : patternText(pattern), method: undefined };
  }

  private nextMethod(extras: unknown, pattern: unknown): ControllerMethod | undefined {
    const methods = this.methods.get(extras);
    if (!methods) return undefined;
    const counts = this.counts.get(extras) ?? new Map<unknown, number>();
    this.counts.set(extras, counts);
    const count = counts.get(pattern) ?? 0;
    counts.set(pattern, count + 1);
    return methods[Math.min(count, methods.length - 1)];
  }
}

/** Makes the text of an error about two handlers of the same message, and what to do about it. */
export function clashText(known: HandlerOrigin, other: HandlerOrigin, does: string): string {
  const [first, second] = [known.method, other.method];
  if (!first || first.controller !== second?.controller || first.name !== second.name)
    return `Two handlers ${does}: ${known.text} and ${other.text}`;
  const name = first.controller.name;
  const modules =
    first.moduleName === second.moduleName
      ? `the module ${first.moduleName}, which there is twice (a dynamic module is one of its own for each set of options)`
      : `the modules ${first.moduleName} and ${second.moduleName}`;
  return (
    `The same handler is there twice to ${does}: ${known.text}, because ${name} is a controller of ${modules}. ` +
    `List ${name} in the controllers of one module that is imported once`
  );
}

function patternText(pattern: unknown): string {
  return `the pattern ${typeof pattern === 'string' ? `'${pattern}'` : JSON.stringify(pattern)}`;
}
