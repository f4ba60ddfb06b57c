import { Application, type ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import {
  DESCRIPTION_FORMAT,
  type ApplicationDescription,
  type EventDescription,
  type InterfaceDescription,
  type MethodDescription,
} from '../../reflection/application-description.js';
import type { ApplicationRoutes } from '../server/application-routes.js';

type App = ApplicationLike<Connection>;

/** What is served under one name and version. */
export interface DescribedApplication {
  /** The name, without a version. */
  readonly name: string;
  /** The semver version. */
  readonly version: string;
  /** The handlers of Nest; undefined where there are none. */
  readonly routes: ApplicationRoutes | undefined;
  /** The core application, if there is one. */
  readonly core: App | undefined;
}

interface MutableInterface extends InterfaceDescription {
  readonly methods: Record<string, MethodDescription>;
  readonly events: Record<string, EventDescription>;
  readonly emits: Record<string, EventDescription>;
}

/** Describes an application. */
export function describeApplication({
  name,
  version,
  routes,
  core,
}: DescribedApplication): ApplicationDescription {
  const interfaces = new Map<string, MutableInterface>();
  const interfaceOf = (interfaceName: string): MutableInterface => {
    const known = interfaces.get(interfaceName);
    if (known) return known;
    const made: MutableInterface = { methods: table(), events: table(), emits: table() };
    interfaces.set(interfaceName, made);
    return made;
  };
  for (const [interfaceName, { methods, events }] of routes?.interfaces ?? []) {
    const described = interfaceOf(interfaceName);
    for (const method of methods.keys()) described.methods[method] = {};
    for (const event of events.keys()) described.events[event] = {};
  }
  if (core) {
    for (const [interfaceName, methods, events] of namesOf(core)) {
      const described = interfaceOf(interfaceName);
      for (const method of methods) described.methods[method] = {};
      for (const event of events) described.events[event] = {};
    }
  }
  return {
    format: DESCRIPTION_FORMAT,
    name,
    version,
    interfaces: Object.fromEntries(interfaces),
    handshakes: [],
  };
}

function* namesOf(core: App): Generator<[interfaceName: string, methods: string[], events: string[]]> {
  // Of applications of other classes, only who knows the name of an interface learns those of its methods.
  if (!(core instanceof Application)) return;
  for (const name of new Set([...Object.keys(core.api), ...Object.keys(core.eventHandlers)]))
    yield [name, core.getMethods(name) ?? [], Object.keys(core.eventHandlers[name] ?? {})];
}

/** A table by names. Why without a prototype: a name may be `__proto__`. */
function table<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
