import * as nodeNet from 'node:net';
import type { Limits } from '../../protocol/limits.js';
import type { ListenerFactory } from '../../server/listener.js';
import { NodeListener } from '../node-listener.js';
import { AddressSource } from '../proxy/address-source.js';
import { Entrance } from '../proxy/entrance.js';
import type { SocketAddressSource } from '../proxy/proxy-options.js';
import { SocketTransport } from './socket-transport.js';

/** Listens on TCP and IPC; the options are those of `net.createServer`, and how addresses are found. */
export function netListener(
  options: nodeNet.ServerOpts & SocketAddressSource,
  limits: Limits,
): ListenerFactory {
  const source = new AddressSource(options);
  return (sink) => {
    const raw = nodeNet.createServer(options);
    const entrance = new Entrance(sink, source);
    raw.on('connection', (socket) => {
      if (source.readsProxyHeader) {
        entrance.enter(socket, () => {
          sink.accept(new SocketTransport(socket, limits), entrance.accepted.remove(socket));
          sink.forward('connection', [socket]);
        });
        return;
      }
      // Why not by the entrance: a socket that is read at once needs no listener of its own.
      const address = source.ofSocket(socket, sink);
      const admission = address === null ? undefined : sink.admit(address);
      if (!admission) {
        socket.destroy();
        return;
      }
      const { traffic } = sink;
      traffic?.opened(socket);
      if (traffic) socket.once('close', () => traffic.closed(socket));
      const transport = new SocketTransport(socket, limits, admission);
      sink.accept(transport, sink.addPending(transport, admission));
      sink.forward('connection', [socket]);
    });
    return new NodeListener(raw, sink);
  };
}
