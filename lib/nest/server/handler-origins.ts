import { PATTERN_EXTRAS_METADATA } from '../constants.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import type { ControllerMethod } from './registration.js';

/** Where a handler is from, for error texts and logs. */
export interface HandlerOrigin {
  /** 'Class.method', or the pattern of a handler that was added by hand. */
  readonly text: string;
  /** The controller's class, its method and its module; undefined of a handler that was added by hand. */
  readonly method: Pick<ControllerMethod, 'controller' | 'name' | 'moduleName'> | undefined;
}

type Extras = Record<string, unknown>;

/**
 * Tells of handlers whose methods they are. A method's extras are an object of its own, which Nest hands on with the
 * handler; where classes share an inherited method, their handlers come in the order of the classes.
 */
export class HandlerOrigins {
  private readonly methods = new Map<unknown, ControllerMethod[]>();
  private readonly taken = new Map<unknown, Map<unknown, number>>();

  /** Takes the methods of an application that is about to register its handlers, in their order. */
  add(methods: readonly ControllerMethod[]): void {
    for (const entry of methods) {
      const extras: unknown = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, entry.method);
      const known = this.methods.get(extras);
      if (known) known.push(entry);
      else this.methods.set(extras, [entry]);
    }
  }

  /** The origin of a handler that is being registered. */
  take(extras: Extras | undefined, pattern: unknown): HandlerOrigin {
    const method = this.next(extras, pattern);
    if (method) return { text: `${method.controller.name}.${method.name}`, method };
    const { className, methodName } = jstpExtrasOf(extras);
    const isNamed = className !== undefined && methodName !== undefined;
    return { text: isNamed ? `${className}.${methodName}` : patternText(pattern), method: undefined };
  }

  private next(extras: unknown, pattern: unknown): ControllerMethod | undefined {
    const methods = this.methods.get(extras);
    if (!methods) return undefined;
    const counts = this.taken.get(extras) ?? new Map<unknown, number>();
    this.taken.set(extras, counts);
    const count = counts.get(pattern) ?? 0;
    counts.set(pattern, count + 1);
    return methods[Math.min(count, methods.length - 1)];
  }
}

/** What is wrong with two handlers of one place, and what to do. */
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
