import { Application, type ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import {
  DESCRIPTION_FORMAT,
  type ApplicationDescription,
  type ArgumentDescription,
  type EventDescription,
  type HandshakeDescription,
  type InterfaceDescription,
  type MethodDescription,
} from '../../reflection/application-description.js';
import { DEFAULT_INTERFACE, targetOf, type Target } from '../target.js';
import type { ApplicationRoutes, Route } from '../server/application-routes.js';
import { PATTERN_EXTRAS_METADATA } from '../constants.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import {
  declaredEvents,
  declaredMember,
  type DeclaredArgumentType,
  type DeclaredEvent,
} from './declarations.js';
import { DescribedHandler, memberOf, present } from './described-handler.js';
import { pluginClass } from './plugin-metadata.js';
import { SchemaWriter } from './schema-writer.js';
import type { SchemaPackages } from './optional-packages.js';

type App = ApplicationLike<Connection>;

/** What is served under one name and version, and to whom. */
export interface DescribedApplication {
  /** The name, without a version. */
  readonly name: string;
  /** The semver version. */
  readonly version: string;
  /** What the application is for. */
  readonly description: string | undefined;
  /** The handlers of Nest; undefined where there are none. */
  readonly routes: ApplicationRoutes | undefined;
  /** The core application, if there is one. */
  readonly core: App | undefined;
  /** The strategies that are let in or decided on where no handler decides on them. */
  readonly strategies: readonly string[];
  /** Whether the server has `types: 'extended'`. */
  readonly isExtended: boolean;
}

interface MutableInterface extends InterfaceDescription {
  description?: string;
  readonly methods: Record<string, MethodDescription>;
  readonly events: Record<string, EventDescription>;
  readonly emits: Record<string, EventDescription>;
}

/** Describes an application. @param packages what is installed that makes schemas */
export function describeApplication(
  application: DescribedApplication,
  packages: SchemaPackages,
): ApplicationDescription {
  return new ApplicationDescriber(application, new SchemaWriter(packages, application.isExtended)).describe();
}

/** Makes one description. */
class ApplicationDescriber {
  private readonly interfaces = new Map<string, MutableInterface>();
  private readonly wildcards = new Map<string, EventDescription>();

  constructor(
    private readonly application: DescribedApplication,
    private readonly schemas: SchemaWriter,
  ) {}

  describe(): ApplicationDescription {
    const { name, version, description, core, routes } = this.application;
    if (core) this.addCore(core);
    if (routes) this.addRoutes(routes);
    const handshakes = this.handshakes();
    return {
      format: DESCRIPTION_FORMAT,
      name,
      version,
      ...present('description', description),
      interfaces: Object.fromEntries(this.interfaces),
      handshakes,
      ...(this.wildcards.size > 0 && { wildcards: Object.fromEntries(this.wildcards) }),
      ...present('definitions', this.schemas.definitions.all),
    };
  }

  private addRoutes(routes: ApplicationRoutes): void {
    const all: Route[] = [...routes.wildcards];
    for (const { methods, events } of routes.interfaces.values()) {
      for (const route of methods.values()) {
        this.interfaceOf(route.interfaceName).methods[route.name] =
          this.handlerOf(route)?.methodDescription() ?? {};
      }
      for (const route of events.values())
        this.interfaceOf(route.interfaceName).events[route.name] = this.handlerOf(route)?.member() ?? {};
      all.push(...methods.values(), ...events.values());
    }
    for (const route of routes.wildcards) this.addWildcard(route);
    const seen = new Set<object>();
    for (const route of all) this.addOfControllers(route, seen);
  }

  private addWildcard(route: ApplicationRoutes['wildcards'][number]): void {
    const described = { ...this.handlerOf(route)?.member(), wildcard: true as const };
    const slash = route.id.indexOf('/');
    const [placed, pattern] = [route.id.slice(0, slash), route.id.slice(slash + 1)];
    if (placed === '') this.wildcards.set(pattern, described);
    else this.interfaceOf(placed).events[pattern] = described;
  }

  private handlerOf({ origins }: Route): DescribedHandler | undefined {
    const method = origins[0]?.method;
    return method && new DescribedHandler(method, this.schemas);
  }

  /** Adds what the decorators of classes declare, and of methods, if it is not about the methods. */
  private addOfControllers(route: Route, seen: Set<object>): void {
    for (const { method } of route.origins) {
      if (!method) continue;
      const { controller, name } = method;
      const handler = (controller.prototype as Record<string, object>)[name];
      const placed = this.placeOf(handler);
      if (!seen.has(controller)) {
        seen.add(controller);
        const description = declaredMember(controller).description ?? pluginClass(controller)?.description;
        if (description !== undefined && placed !== undefined)
          this.interfaceOf(placed).description ??= description;
        for (const event of declaredEvents(controller)) this.addEmitted(event, placed);
      }
      if (seen.has(handler)) continue;
      seen.add(handler);
      for (const event of declaredEvents(handler)) this.addEmitted(event, placed);
    }
  }

  /** The interface that decorators declare for a handler. */
  private placeOf(handler: object): string | undefined {
    return jstpExtrasOf(Reflect.getMetadata(PATTERN_EXTRAS_METADATA, handler) as Record<string, unknown>)
      .interface;
  }

  private addEmitted(declared: DeclaredEvent, placed: string | undefined): void {
    const { interfaceName, name } = targetOfEvent(declared, placed);
    this.interfaceOf(interfaceName).emits[name] = {
      ...memberOf(declared),
      ...present(
        'arguments',
        declared.arguments?.map((argument) => this.argumentOf(argument)),
      ),
    };
  }

  private argumentOf({ name, description, type, optional }: DeclaredArgumentType): ArgumentDescription {
    return {
      ...present('name', name),
      ...present('description', description),
      ...present('schema', this.schemas.of(type, 'output')),
      ...(optional === true && { optional: true as const }),
    };
  }

  private addCore(core: App): void {
    // Of applications of other classes, only who knows the name of an interface learns those of its methods.
    if (!(core instanceof Application)) return;
    for (const [interfaceName, methods] of Object.entries(core.api)) {
      const described = this.interfaceOf(interfaceName);
      for (const name of Object.keys(methods)) described.methods[name] = {};
    }
    for (const [interfaceName, handlers] of Object.entries(core.eventHandlers)) {
      const described = this.interfaceOf(interfaceName);
      for (const name of Object.keys(handlers)) described.events[name] = {};
    }
  }

  private handshakes(): HandshakeDescription[] {
    const { routes, strategies } = this.application;
    const declared = routes?.handshakes ?? new Map<string | undefined, never>();
    const own = [...declared].map(([strategy = '*', { origin }]) => {
      if (!origin.method) return { strategy, ...credentialsOf(strategy) };
      const handler = new DescribedHandler(origin.method, this.schemas);
      const { description, arguments: credentials } = handler.member();
      const isWhole = credentials !== undefined && !handler.hasArguments;
      const schema = isWhole ? handler.payload()?.schema : undefined;
      return {
        strategy,
        ...present('description', description),
        ...credentialsOf(strategy),
        ...(handler.hasArguments && present('credentials', credentials)),
        ...(typeof schema === 'object' && present('schema', schema)),
      };
    });
    const others = strategies.filter((strategy) => !declared.has(strategy) && !declared.has(undefined));
    return [...others.map((strategy) => ({ strategy, ...credentialsOf(strategy) })), ...own];
  }

  private interfaceOf(interfaceName: string): MutableInterface {
    const known = this.interfaces.get(interfaceName);
    if (known) return known;
    const made: MutableInterface = { methods: table(), events: table(), emits: table() };
    this.interfaces.set(interfaceName, made);
    return made;
  }
}

/** What JSTP's own strategies take. */
function credentialsOf(strategy: string): Pick<HandshakeDescription, 'credentials'> {
  if (strategy === 'anonymous') return { credentials: [] };
  if (strategy !== 'login') return {};
  return {
    credentials: [
      { name: 'login', schema: { type: 'string' } },
      { name: 'password', schema: { type: 'string', format: 'password' } },
    ],
  };
}

function targetOfEvent({ event, interface: declared }: DeclaredEvent, placed: string | undefined): Target {
  const interfaceName = declared ?? placed;
  if (interfaceName !== undefined) return { interfaceName, name: event };
  return targetOf(event, () => DEFAULT_INTERFACE);
}

/** A table by names. Why without a prototype: a name may be `__proto__`. */
function table<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
