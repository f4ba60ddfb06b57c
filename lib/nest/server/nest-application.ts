import type { ApplicationLike, EventNames } from '../../application/application.js';
import { LocalCall } from '../../application/local-call.js';
import { serveCall } from '../../application/serve-call.js';
import type { MethodCallback } from '../../application/method-callback.js';
import type { Connection } from '../../connection/connection.js';
import { ERR_INTERFACE_NOT_FOUND, ERR_METHOD_NOT_FOUND } from '../../protocol/error-codes.js';
import { JstpError } from '../../protocol/jstp-error.js';
import type { Metadata } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore, isThenable } from '../../util/callback.js';
import { isError } from '../../util/errors.js';
import type { SessionStorageProvider } from '../../session/session-storage.js';
import type { NestCall } from '../handling/answering.js';
import { toWireError } from '../nest-error.js';
import { originText, type ApplicationRoutes, type Route } from './application-routes.js';
import type { HandlerRunner } from '../handling/handler-runner.js';

const SHOWN_NAME_LENGTH = 200;

type CoreApplication = ApplicationLike<Connection>;

/**
 * Serves the handlers of one application to the core, together with the methods of a core application of the same
 * name and version, if the server has one.
 */
export class NestApplication implements CoreApplication {
  readonly name: string;
  readonly version: string;

  /**
   * @param routes the routes of the handlers; may grow while the server runs
   * @param runner runs the handlers
   * @param core the core application that is merged with the handlers, if there is one
   * @throws JstpError ERR_JSTP_DUPLICATE_HANDLER for a method that both have
   */
  constructor(
    private readonly routes: ApplicationRoutes,
    private readonly runner: HandlerRunner,
    private readonly core: CoreApplication | undefined,
  ) {
    this.name = routes.name;
    this.version = routes.version;
    if (core) assertNoClash(routes, core);
  }

  /** The session store of the core application. */
  get sessionsStorage(): SessionStorageProvider | undefined {
    return this.core?.sessionsStorage;
  }

  /** Runs a handler, or a method of the core application. @returns what {@link serveCall} returns of the latter */
  handleCall(call: NestCall): unknown {
    const { interfaceName, methodName } = call;
    const routes = this.routes.interfaces.get(interfaceName);
    // As in Nest's TCP transport, a call may also reach the handler of an event.
    const route = routes?.methods.get(methodName) ?? routes?.events.get(methodName);
    if (route) {
      this.runner.call(call, route);
      return undefined;
    }
    const ofCore = this.core?.getMethods(interfaceName);
    if (this.core && ofCore?.includes(methodName)) return serveCall(this.core, call, this.runner);
    this.runner.refuse(call, (routes ?? ofCore) ? ERR_METHOD_NOT_FOUND : ERR_INTERFACE_NOT_FOUND);
    return undefined;
  }

  /** Returns the methods of an interface, those of the core application first; without events and handshakes. */
  getMethods(interfaceName: string): string[] | undefined {
    const core = this.core?.getMethods(interfaceName);
    const own = this.routes.interfaces.get(interfaceName);
    return core || own ? [...(core ?? []), ...(own?.methods.keys() ?? [])] : undefined;
  }

  /**
   * Runs the handlers of an event, and the core application's.
   * @returns a Promise that is settled when they have ended; undefined where they have already
   */
  handleEvent(
    connection: Connection,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata?: Metadata,
    failed: (error: unknown) => void = ignore,
  ): unknown {
    const own = this.runHandler(connection, interfaceName, eventName, args, metadata, failed);
    const ofCore = this.core?.handleEvent?.(connection, interfaceName, eventName, args, metadata, failed);
    return own && isThenable(ofCore) ? Promise.all([own, ofCore]) : (own ?? ofCore);
  }

  /** Returns whether an event has a handler, here or in the core application. */
  hasEvent(interfaceName: string, eventName: string): boolean {
    const isOwn = this.routes.interfaces.get(interfaceName)?.events.has(eventName) ?? false;
    return isOwn || (this.core?.hasEvent?.(interfaceName, eventName) ?? false);
  }

  wildcardOf(interfaceName: string, eventName: string): EventNames | undefined {
    return this.routes.wildcardsOf(interfaceName, eventName)[0];
  }

  private runHandler(
    connection: Connection,
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata: Metadata | undefined,
    failed: (error: unknown) => void,
  ): PromiseLike<unknown> | undefined {
    const routes = this.routes.interfaces.get(interfaceName);
    const route = routes?.events.get(eventName);
    // As in Nest's TCP transport, an event may also reach the handler of a method. Its answer is dropped.
    const exact = route ?? routes?.methods.get(eventName);
    const message = { interfaceName, methodName: eventName, metadata, isEvent: route !== undefined };
    const fail = (error: unknown): void => {
      failed(failedEvent(error));
    };
    const wildcards = this.routes.wildcardsOf(interfaceName, eventName);
    if (wildcards.length > 0) {
      const run = async (reached: Route, isEvent: boolean): Promise<void> =>
        this.runner.event(connection, { ...message, isEvent }, reached, args, fail);
      const first = exact ? [run(exact, message.isEvent)] : [];
      return Promise.all([...first, ...wildcards.map((one) => run(one, true))]);
    }
    if (exact) return this.runner.event(connection, message, exact, args, fail);
    if (this.core) return undefined;
    this.runner.reportFault(noEventHandler(interfaceName, eventName));
    failed(ERR_METHOD_NOT_FOUND);
    return undefined;
  }

  /** Does what {@link handleCall} does, for callers in this process. */
  callMethod(
    connection: Connection,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    callback: MethodCallback,
  ): void {
    this.handleCall(new LocalCall(connection, interfaceName, methodName, args, callback, undefined));
  }
}

/** Makes an error of what Nest's filters have made of it, as the caller of a call would get it. */
function failedEvent(error: unknown): unknown {
  const isFiltered = typeof error === 'object' && !isError(error);
  return isFiltered ? RemoteError.fromJstpArray(toWireError(error, false)) : error;
}

function assertNoClash(routes: ApplicationRoutes, core: CoreApplication): void {
  for (const [interfaceName, { methods }] of routes.interfaces) {
    const taken = core.getMethods(interfaceName) ?? [];
    for (const route of methods.values()) {
      if (!taken.includes(route.name)) continue;
      const name = `${interfaceName}.${route.name} of ${routes.full}`;
      throw new JstpError(
        'ERR_JSTP_DUPLICATE_HANDLER',
        `Two handlers serve the method ${name}: ${originText(route)} and the core application`,
      );
    }
  }
}

/** Makes Nest's text about an event without a handler. Why cut: the name is the peer's, and may be long. */
function noEventHandler(interfaceName: string, eventName: string): string {
  const pattern = interfaceName === 'default' ? eventName : `${interfaceName}.${eventName}`;
  const shown = pattern.length > SHOWN_NAME_LENGTH ? `${pattern.slice(0, SHOWN_NAME_LENGTH)}...` : pattern;
  return `There is no matching event handler defined in the remote service. Event pattern: ${shown}`;
}
