import * as nodeNet from 'node:net';
import type { Dialer } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import type { ListenerFactory } from '../../server/listener.js';
import { peerAddress } from '../node-internals.js';
import { NodeListener } from '../node-listener.js';
import { socketDialer } from './socket-dialer.js';
import { SocketTransport } from './socket-transport.js';

/** Dials TCP and IPC; the arguments are those of `net.connect`. */
export const netDialer: Dialer = socketDialer((args) =>
  nodeNet.connect(...(args as [nodeNet.NetConnectOpts])),
);

/** Listens on TCP and IPC; the options are those of `net.createServer`. */
export function netListener(options: nodeNet.ServerOpts, limits: Limits): ListenerFactory {
  return (sink) => {
    const raw = nodeNet.createServer(options);
    raw.on('connection', (socket) => {
      const admission = sink.admit(peerAddress(socket));
      if (!admission) {
        socket.destroy();
        return;
      }
      sink.accept(new SocketTransport(socket, limits, admission));
      sink.forward('connection', [socket]);
    });
    return new NodeListener(raw, sink);
  };
}
