import type { MessageHandler } from '@nestjs/microservices';
import type { ApplicationName } from '../decorators/application-name.js';
import type { Arity } from '../decorators/handler-extras.js';
import type { Target } from '../target.js';
import type { HandlerOrigin } from './handler-origins.js';

/** One method or event. */
export interface Route extends Target {
  /** Where the handler is in `getHandlers()`: read there at each call, because tracing libraries replace it. */
  readonly key: string;
  /** The context's pattern. */
  readonly pattern: string;
  /** How many arguments it takes; undefined: not checked, and one argument is the data itself. */
  readonly arity: Arity | undefined;
  /** Who handles it, for error texts; an event may have several. */
  readonly origins: HandlerOrigin[];
}

/** A handler that decides on handshakes. */
export interface HandshakeRoute {
  readonly handler: MessageHandler;
  readonly origin: HandlerOrigin;
}

/** The methods and the events of an interface, each in the order of their registration. */
export interface InterfaceRoutes {
  readonly methods: Map<string, Route>;
  readonly events: Map<string, Route>;
}

/** The handlers of one application, by Maps only: no name of a peer ever meets a prototype. */
export class ApplicationRoutes {
  readonly name: string;
  readonly version: string;
  /** 'name@version' */
  readonly full: string;
  readonly interfaces = new Map<string, InterfaceRoutes>();
  /** Who decides on handshakes, by strategy; undefined: on every one that has nobody. */
  readonly handshakes = new Map<string | undefined, HandshakeRoute>();

  constructor(application: ApplicationName) {
    this.name = application.name;
    this.version = application.version;
    this.full = application.full;
  }

  /** The route of the same kind. */
  own({ interfaceName, name }: Target, isEvent: boolean): Route | undefined {
    const routes = this.interfaces.get(interfaceName);
    return (isEvent ? routes?.events : routes?.methods)?.get(name);
  }

  /** Adds a route of a name that is free. */
  add(route: Route, isEvent: boolean): void {
    let routes = this.interfaces.get(route.interfaceName);
    if (!routes) {
      routes = { methods: new Map(), events: new Map() };
      this.interfaces.set(route.interfaceName, routes);
    }
    (isEvent ? routes.events : routes.methods).set(route.name, route);
  }

  /** Interfaces with their methods and events, for the log. */
  describe(): string {
    const list = [...this.interfaces].map(([name, { methods, events }]) => {
      const parts = [...methods.keys()];
      if (events.size > 0) parts.push(`events: ${[...events.keys()].join(', ')}`);
      return `${name} (${parts.join(', ')})`;
    });
    return list.join('; ') || 'no handlers';
  }
}

/** Who handles a route, for error texts. */
export function originText({ origins }: Route): string {
  return origins.map(({ text }) => text).join(', ');
}
