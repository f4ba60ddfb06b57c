import type { InterfaceOf } from '../application/contract.js';
import { ExposedMethods } from '../application/exposed-methods.js';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { optionalInterval, resolveLimits } from '../protocol/limits.js';
import type { Session } from '../session/session.js';
import { promisify, popCallback, type Callback } from '../util/callback.js';
import { bindContext, runInRootContext } from '../util/async-context.js';
import { nextTick } from '../util/host.js';
import { ALL_CLIENT_PARTS } from './all-client-parts.js';
import { connectAs } from './connect-as.js';
import { parseAppSpecifier } from './handshake/client-handshake.js';
import {
  Connection,
  type AppSpecifier,
  type ClientOptions,
  type ConnectPolicy,
  type ConnectPolicyFunction,
} from './connection.js';
import { CONTROL } from './control.js';
import type { ResolvedClient } from './resolved-client.js';
import { CORE_EXTENSIONS } from './extensions.js';
import { AutomaticComeback } from './reconnect/automatic-comeback.js';
import type { DialedAs } from './reconnect/comeback.js';
import type { RemoteProxy } from './calls/remote-proxy.js';
import { SimpleConnectPolicy } from './handshake/simple-connect-policy.js';
import type { Dialer, Dialers } from './transport.js';

/** Interface name -> proxy. */
export type RemoteProxies = Record<string, RemoteProxy>;

/** What `connectAndInspect` resolves to. */
export interface InspectedConnection<out Contract = unknown> {
  readonly connection: Connection<Contract>;
  readonly proxies: RemoteProxies;
}

/** Gets the end of a connect. A connection that could not shake hands comes with the error. */
export type ConnectCallback = (error: unknown, connection: Connection, session: Session<Connection>) => void;

/** The client's half of a transport's entry object. */
export interface ConnectFunctions {
  /**
   * Connects to a server's application: `connect(app, client, ...dialArguments[, callback(error, connection, session)])`.
   * Without a callback it returns a Promise of the connection.
   * @typeParam Contract the application's contract, for names and types that the compiler checks. @default anything
   */
  connect<Contract = unknown>(
    app: AppSpecifier,
    client: ClientOptions | null | undefined,
    ...args: unknown[]
  ): Promise<Connection<Contract>>;
  /**
   * The same, and inspects interfaces: the callback gets `(error, connection, proxies)`. When an inspect
   * fails it gets the error and the connection, which can be used; a Promise's rejection has `.connection`.
   */
  connectAndInspect<Contract = unknown>(
    app: AppSpecifier,
    client: ClientOptions | null | undefined,
    interfaces: readonly InterfaceOf<Contract>[],
    ...args: unknown[]
  ): Promise<InspectedConnection<Contract>>;
  /** Moves a connection to a new transport and resumes its session there: the same Connection comes back. */
  reconnect<Contract = unknown>(
    connection: Connection<Contract>,
    ...args: unknown[]
  ): Promise<Connection<Contract>>;
}

/** Makes the functions that connect by one transport; the dialers are for `reconnectFn('ws', ...)`. */
export function createConnectFunctions(transportName: string, dialers: Dialers): ConnectFunctions {
  const dialer = dialers.get(transportName);
  if (!dialer) throw new Error(`No dialer for transport '${transportName}'`);
  return {
    connect<Contract>(app: AppSpecifier, client: ClientOptions | null | undefined, ...args: unknown[]) {
      const callback = popCallback(args);
      const run = (done: Callback): void => {
        connect({ app, transportName, args }, client ?? {}, dialer, dialers, done);
      };
      return either(callback, run, (connection) => connection as Connection<Contract>);
    },
    connectAndInspect<Contract>(
      app: AppSpecifier,
      client: ClientOptions | null | undefined,
      interfaces: readonly string[],
      ...args: unknown[]
    ) {
      const callback = popCallback(args);
      const run = (done: Callback): void => {
        connect({ app, transportName, args }, client ?? {}, dialer, dialers, (error, connection) => {
          if (error) done(error, connection);
          else inspectAll(connection as Connection, interfaces, done);
        });
      };
      return either(
        callback,
        run,
        (connection, proxies) => ({ connection, proxies }) as InspectedConnection<Contract>,
      );
    },
    reconnect(connection, ...args) {
      const callback = popCallback(args);
      const run = (done: Callback): void => {
        connection[CONTROL].redial(dialer, args, done);
      };
      return either(callback, run, () => connection);
    },
  };
}

/** Calls back, or returns a Promise where there is no callback; an error object then carries the connection. */
function either<T>(
  callback: Callback | undefined,
  run: (done: Callback) => void,
  resultOf: (...results: unknown[]) => T,
): Promise<T> {
  if (callback) {
    runInRootContext(run, bindContext(callback));
    // Only the form with a Promise has a result.
    return undefined as unknown as Promise<T>;
  }
  return promisify<T>((settle) => {
    runInRootContext(run, (error, ...results) => {
      const [connection] = results;
      if (connection instanceof Connection) {
        connection[CONTROL].channel.holdForCaller();
        if (error instanceof Error) Object.assign(error, { connection });
      }
      settle(error, resultOf(...results));
    });
  });
}

function connect(
  dialedAs: DialedAs,
  client: ClientOptions,
  dialer: Dialer,
  dialers: Dialers,
  callback: Callback,
): void {
  let settings: ResolvedClient;
  try {
    parseAppSpecifier(dialedAs.app);
    settings = resolveClient(client, dialers);
  } catch (error) {
    nextTick(() => {
      callback(error);
    });
    return;
  }
  connectAs(dialedAs, settings, dialer, callback);
}

function resolveClient(client: ClientOptions, dialers: Dialers): ResolvedClient {
  const { dialArguments } = client;
  if (dialArguments !== undefined && typeof dialArguments !== 'function')
    throw new ConfigurationError('dialArguments', dialArguments, 'a function');
  return {
    client,
    application: client.application ?? new ExposedMethods<Connection>({}),
    connectPolicy: policyFunction(client.connectPolicy ?? new SimpleConnectPolicy()),
    heartbeatInterval: optionalInterval('heartbeatInterval', client.heartbeatInterval),
    session: client.session,
    createComeback: (host) => new AutomaticComeback(host, dialers, client.reconnector),
    logger: client.logger,
    limits: resolveLimits(client.limits),
    extensions: client.extensions ?? CORE_EXTENSIONS,
    dialArguments: client.dialArguments,
    parts: ALL_CLIENT_PARTS,
  };
}

function policyFunction(policy: ConnectPolicy): ConnectPolicyFunction {
  if (typeof policy !== 'function' && typeof policy.connect !== 'function') {
    throw new ConfigurationError('connectPolicy', policy, 'a function, or an object with a method connect');
  }
  return typeof policy === 'function' ? policy : policy.connect.bind(policy);
}

/** Calls back in the turn of the last answer, so that a listener added then hears what comes right behind it. */
function inspectAll(connection: Connection, interfaces: readonly string[], done: Callback): void {
  const proxies = Object.create(null) as RemoteProxies;
  let waiting = interfaces.length;
  if (waiting === 0) done(null, connection, proxies);
  for (const name of interfaces) {
    connection.inspectInterface(name, (error, proxy) => {
      if (waiting <= 0) return;
      waiting = error ? 0 : waiting - 1;
      if (proxy) proxies[name] = proxy;
      if (error) done(error, connection);
      else if (waiting === 0) done(null, connection, proxies);
    });
  }
}
