import type { ServerOpts } from 'node:net';
import { createConnectFunctions, type ConnectFunctions } from '../connection/connect.js';
import type { Connection } from '../connection/connection.js';
import type { Dialer } from '../connection/transport.js';
import type { Limits } from '../protocol/limits.js';
import type { ListenerFactory } from '../server/listener.js';
import { Server } from '../server/server.js';
import {
  resolveServerOptions,
  type ApplicationsOption,
  type ServerOptions,
} from '../server/server-options.js';
import { netDialer, netListener } from './net.js';

/** The options of `net.createServer`: JSTP's own and those of Node's server. */
export type NetServerOptions = ServerOptions & ServerOpts;

/** Told of each client that has logged in. */
export type ConnectListener = (connection: Connection) => void;

/** The entry object of a transport. */
export interface TransportEntry extends ConnectFunctions {
  /** Makes a server; it listens when `listen` is called. */
  createServer(options: NetServerOptions | ApplicationsOption, listener?: ConnectListener): Server;
}

type MakeListener = (options: NetServerOptions, limits: Limits) => ListenerFactory;

const dialers = new Map<string, Dialer>([['net', netDialer]]);

/** JSTP over TCP and IPC. */
export const net: TransportEntry = createEntry('net', netListener);

function createEntry(name: string, makeListener: MakeListener): TransportEntry {
  return {
    ...createConnectFunctions(name, dialers),
    createServer(given, ...rest) {
      const options: NetServerOptions = isApplications(given) ? { applications: given } : given;
      const listener = rest.findLast((argument) => typeof argument === 'function');
      const { limits } = resolveServerOptions(options);
      return new Server(options, makeListener(options, limits), listener);
    },
  };
}

function isApplications(given: NetServerOptions | ApplicationsOption): given is ApplicationsOption {
  return Array.isArray(given) || given instanceof Map;
}
