import { createConnectFunctions, type ConnectFunctions } from '../connection/connect.js';
import type { Connection } from '../connection/connection.js';
import type { Dialers } from '../connection/transport.js';
import { checkOptionNames, type Limits } from '../protocol/limits.js';
import type { PassedNames } from '../protocol/option-checks.js';
import type { ListenerFactory } from '../server/listener.js';
import { Server } from '../server/server.js';
import { publishDiagnostics } from './diagnostics-channels.js';
import {
  resolveServerOptions,
  SERVER_OPTION_NAMES,
  type ApplicationsOption,
  type ServerOptions,
} from '../server/server-options.js';

/** Called with the connection of each client whose handshake is done. */
export type ConnectListener = (connection: Connection) => void;

/** The names of a transport's options, without JSTP's. */
export interface TransportNames {
  /** Names of its server options that this package reads. */
  readonly server: readonly string[];
  /** Names of its server options that are passed on to Node. */
  readonly passedToServer?: PassedNames;
  /** Names of its client options that are passed on. */
  readonly passedToClient?: PassedNames;
}

/** The entry object of a transport. `Options` are the options of Node's server underneath. */
export interface TransportEntry<Options extends object = object> extends ConnectFunctions {
  /**
   * Makes a server. It listens when its `listen` is called.
   * @param options JSTP's options with those of Node's server, or the applications alone
   * @param rest further options (those of WebSockets), then a listener of 'connect'; both may be left out
   * @throws {ConfigurationError} for an option that is unknown or has a value that is not allowed
   */
  createServer(
    options: (ServerOptions & Options) | ApplicationsOption,
    ...rest: (Partial<Options> | ConnectListener | null | undefined)[]
  ): Server;
  /** @internal Makes the listener only, for a server with several of them. */
  createListener(options: Options, limits: Limits): ListenerFactory;
  /** @internal The names of its options. */
  readonly optionNames?: TransportNames;
}

const NO_NAMES: TransportNames = { server: [] };

/**
 * Makes the entry object of a transport.
 * @param name the transport that its clients dial by, one of the keys of `dialers`
 * @param createListener makes a listener of the options and the limits
 */
export function createEntry<Options extends object>(
  name: string,
  dialers: Dialers,
  createListener: (options: Options, limits: Limits) => ListenerFactory,
  optionNames: TransportNames = NO_NAMES,
): TransportEntry<Options> {
  // Here, as nobody speaks JSTP in Node without an entry.
  publishDiagnostics();
  return {
    ...createConnectFunctions(name, dialers),
    createListener,
    optionNames,
    createServer(given, ...rest) {
      const further = rest.find((argument) => typeof argument === 'object') ?? {};
      const listener = rest.find((argument) => typeof argument === 'function');
      const options = { ...further, ...(isApplications(given) ? { applications: given } : given) };
      checkOptionNames(
        'options',
        options,
        [...SERVER_OPTION_NAMES, ...optionNames.server],
        optionNames.passedToServer,
      );
      const { limits } = resolveServerOptions(options);
      return new Server(options, createListener(options as Options, limits), listener);
    },
  };
}

function isApplications(given: object): given is ApplicationsOption {
  return Array.isArray(given) || given instanceof Map;
}
