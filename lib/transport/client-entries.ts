import { createConnectFunctions, type ConnectFunctions } from '../connection/connect.js';
import type { Dialer, Dialers } from '../connection/transport.js';
import type { PassedNames } from '../protocol/option-checks.js';
import { publishDiagnostics } from './diagnostics-channels.js';
import { CLIENT_NAMES } from './node-options.js';
import { netDialer, tlsDialer } from './socket/dialers.js';
import { webSocketDialer } from './websocket/websocket-dialer.js';

/** What only a client needs of a transport: a program that does not listen loads no more. */
export interface ClientEntry extends ConnectFunctions {
  /** The names of its options; undefined where they are not known. */
  readonly optionNames?: { readonly passedToClient?: PassedNames } | undefined;
}

/** The name of a transport: 'net', 'tls', 'ws' or 'wss'. */
export type JstpTransport = 'net' | 'tls' | 'ws' | 'wss';

// Why shared by all entries: a reconnector may change the transport, by `reconnectFn('ws', ...)`.
export const dialers: Dialers = new Map<string, Dialer>([
  ['net', netDialer],
  ['tls', tlsDialer],
  ['ws', webSocketDialer],
  ['wss', webSocketDialer],
]);

/** The clients' sides of all transports. */
export const CLIENT_ENTRIES: Readonly<Record<JstpTransport, ClientEntry>> = {
  net: clientEntry('net', CLIENT_NAMES.net),
  tls: clientEntry('tls', CLIENT_NAMES.tls),
  ws: clientEntry('ws', CLIENT_NAMES.ws),
  wss: clientEntry('wss', CLIENT_NAMES.ws),
};

function clientEntry(name: JstpTransport, passedToClient: PassedNames): ClientEntry {
  publishDiagnostics();
  return { ...createConnectFunctions(name, dialers), optionNames: { passedToClient } };
}
