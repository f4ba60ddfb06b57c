import * as nodeTls from 'node:tls';
import type { Limits } from '../../protocol/limits.js';
import type { ListenerFactory } from '../../server/listener.js';
import { decideFirst } from '../decide-first.js';
import { NodeListener } from '../node-listener.js';
import { AddressSource } from '../proxy/address-source.js';
import { Entrance } from '../proxy/entrance.js';
import type { SocketAddressSource } from '../proxy/proxy-options.js';
import { SocketTransport } from './socket-transport.js';

/** Listens on TLS; the options are those of `tls.createServer`, and how addresses are found. */
export function tlsListener(
  options: nodeTls.TlsOptions & SocketAddressSource,
  limits: Limits,
): ListenerFactory {
  const source = new AddressSource(options);
  return (sink) => {
    const raw = nodeTls.createServer(options);
    const entrance = new Entrance(sink, source);
    decideFirst(raw, (socket, goOn) => {
      entrance.enter(socket, goOn);
    });
    raw.on('secureConnection', (socket: nodeTls.TLSSocket) => {
      sink.accept(new SocketTransport(socket, limits), entrance.accepted.remove(socket));
      sink.forward('connection', [socket]);
    });
    // A TLS handshake that fails (no certificate, a bad one) ends its own socket, and nothing else.
    raw.on('tlsClientError', (_error, socket: nodeTls.TLSSocket) => {
      socket.destroy();
    });
    return new NodeListener(raw, sink);
  };
}
