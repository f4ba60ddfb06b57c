import type { MessageHandler } from '@nestjs/microservices';
import type { ApplicationName } from '../decorators/application-name.js';
import type { HandlerRoute } from '../handling/handler-runner.js';
import type { Target } from '../target.js';
import type { HandlerOrigin } from './handler-origins.js';
import { EventTokens, type Wildcard } from '../wildcard.js';

/** A method or event that has a handler. */
export interface Route extends Target, HandlerRoute {
  /** The origins of the handlers, for error texts; an event may have several. */
  readonly origins: HandlerOrigin[];
}

/** An event route whose pattern stands for many events. */
export interface WildcardRoute extends Route {
  readonly wildcard: Wildcard;
  /** What tells the pattern from others: handlers of the same one are one chain. */
  readonly id: string;
}

/** A handler that decides on handshakes. */
export interface HandshakeRoute {
  readonly handler: MessageHandler;
  /** The origin of the handler, for error texts. */
  readonly origin: HandlerOrigin;
}

/** The methods and events of an interface, each in the order of their registration. */
export interface InterfaceRoutes {
  readonly methods: Map<string, Route>;
  readonly events: Map<string, Route>;
}

/**
 * Holds the handlers of one application. Why Maps: a name that a peer has sent must not find a property of a
 * prototype.
 */
export class ApplicationRoutes {
  readonly name: string;
  readonly version: string;
  /** The text 'name@version'. */
  readonly full: string;
  readonly interfaces = new Map<string, InterfaceRoutes>();
  /** The handlers of events whose patterns have wildcards, in the order of their registration. */
  readonly wildcards: WildcardRoute[] = [];
  /** The handlers that decide on handshakes, by strategy; that of undefined decides on all other strategies. */
  readonly handshakes = new Map<string | undefined, HandshakeRoute>();

  constructor(application: ApplicationName) {
    this.name = application.name;
    this.version = application.version;
    this.full = application.full;
  }

  /** Finds the route of a target among the methods, or among the events. */
  find({ interfaceName, name }: Target, isEvent: boolean): Route | undefined {
    const routes = this.interfaces.get(interfaceName);
    return (isEvent ? routes?.events : routes?.methods)?.get(name);
  }

  /** Adds a route. Its target must have none yet. */
  add(route: Route, isEvent: boolean): void {
    let routes = this.interfaces.get(route.interfaceName);
    if (!routes) {
      routes = { methods: new Map(), events: new Map() };
      this.interfaces.set(route.interfaceName, routes);
    }
    (isEvent ? routes.events : routes.methods).set(route.name, route);
  }

  /** Finds the handlers whose wildcards stand for an event. */
  wildcardsOf(interfaceName: string, name: string): readonly WildcardRoute[] {
    const { wildcards } = this;
    // Why: most applications have none, and an event costs nothing more then.
    if (wildcards.length === 0) return wildcards;
    const tokens = new EventTokens({ interfaceName, name });
    return wildcards.filter(({ wildcard }) => wildcard.matches(tokens));
  }

  /** Lists the interfaces with their methods and events, for the log. */
  describe(): string {
    const list = [...this.interfaces].map(([name, { methods, events }]) => {
      const parts = [...methods.keys()];
      if (events.size > 0) parts.push(`events: ${[...events.keys()].join(', ')}`);
      return `${name} (${parts.join(', ')})`;
    });
    const { wildcards } = this;
    if (wildcards.length > 0)
      list.push(`events with wildcards: ${wildcards.map(({ pattern }) => pattern).join(', ')}`);
    return list.join('; ') || 'no handlers';
  }
}

/** Lists the origins of a route's handlers, for error texts. */
export function originText({ origins }: Route): string {
  return origins.map(({ text }) => text).join(', ');
}
