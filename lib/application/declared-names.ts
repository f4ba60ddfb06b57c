import type { ApplicationLike } from './application.js';

type Names = Map<string, Set<string>>;

// Only names that an application has: what peers make up is not kept.
const methodNames = new WeakMap<object, Names>();

/**
 * Whether an application has a method or a handler of events of a name. Other names are any text that a peer has made
 * up. Why it is remembered: `getMethods` may make its array anew each time.
 */
export function isDeclared<C>(application: ApplicationLike<C>, interfaceName: string, name: string): boolean {
  if (methodNames.get(application)?.get(interfaceName)?.has(name)) return true;
  if (application.hasEvent?.(interfaceName, name)) return true;
  const methods = application.getMethods(interfaceName);
  if (!methods?.includes(name)) return false;
  const names: Names = methodNames.get(application) ?? new Map<string, Set<string>>();
  methodNames.set(application, names);
  names.set(interfaceName, new Set(methods));
  return true;
}
