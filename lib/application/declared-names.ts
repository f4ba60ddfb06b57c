import { now } from '../util/host.js';
import type { ApplicationLike } from './application.js';

/** How old the known names of an interface may be where a name is not among them. */
const FRESH_MS = 1000;

/** The names of an interface's methods, as they were at a time. */
interface KnownNames {
  readonly names: ReadonlySet<string>;
  /** See `now` of util/host.ts. */
  readonly readAt: number;
}

// Only interfaces that an application has: what peers make up is not kept.
const known = new WeakMap<object, Map<string, KnownNames>>();

/**
 * Whether an application has a method or a handler of events of a name. Other names are any text that a peer has made
 * up. Why it is remembered: `getMethods` may make its array anew each time, and a peer may call names that there are not
 * again and again. So a method that is added later may be unknown for a second.
 */
export function isDeclared<C>(application: ApplicationLike<C>, interfaceName: string, name: string): boolean {
  const found = known.get(application)?.get(interfaceName);
  if (found?.names.has(name)) return true;
  if (application.hasEvent?.(interfaceName, name)) return true;
  if (found && now() - found.readAt < FRESH_MS) return false;
  const methods = application.getMethods(interfaceName);
  // An application of the user's own may have none for any name that a peer makes up.
  if (!methods?.length) return false;
  const names = new Set(methods);
  const interfaces = known.get(application) ?? new Map<string, KnownNames>();
  known.set(application, interfaces);
  interfaces.set(interfaceName, { names, readAt: now() });
  return names.has(name);
}
