import * as nodeNet from 'node:net';
import * as nodeTls from 'node:tls';
import type { Dialer } from '../../connection/transport.js';
import { socketDialer } from './socket-dialer.js';

/** Dials TCP and IPC; the arguments are those of `net.connect`. */
export const netDialer: Dialer = socketDialer((args) =>
  nodeNet.connect(...(args as [nodeNet.NetConnectOpts])),
);

/** Dials TLS; the arguments are those of `tls.connect`. */
export const tlsDialer: Dialer = socketDialer(
  (args) => nodeTls.connect(...(args as [nodeTls.ConnectionOptions])),
  'secureConnect',
);
