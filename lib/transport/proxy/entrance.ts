import type { Socket } from 'node:net';
import type { ListenerSink } from '../../server/listener.js';
import { AcceptedSockets } from '../accepted-sockets.js';
import { peerAddress } from '../node-internals.js';
import type { AddressSource } from './address-source.js';
import { noteClientAddress } from './client-address.js';
import { readProxyHeader } from './proxy-header.js';

/** Admits the sockets that a server of Node accepts, by the addresses of their clients. */
export class Entrance {
  readonly accepted: AcceptedSockets;

  /**
   * @param sink admits sockets
   * @param source finds addresses
   * @param isHttp whether an upgrade request follows, which may tell the address
   */
  constructor(
    private readonly sink: ListenerSink,
    private readonly source: AddressSource,
    private readonly isHttp = false,
  ) {
    this.accepted = new AcceptedSockets(sink);
  }

  /**
   * Admits a socket, or ends it.
   * @param goOn called when it is admitted: at once, or when the header of a proxy was read
   */
  enter(socket: Socket, goOn: () => void): void {
    const { source } = this;
    if (source.readsProxyHeader) {
      this.enterByHeader(socket, goOn);
      return;
    }
    const address =
      this.isHttp && source.waitsForRequest(socket) ? undefined : source.ofSocket(socket, this.sink);
    if (address !== null && this.accepted.admit(socket, address)) goOn();
    else socket.destroy();
  }

  private enterByHeader(socket: Socket, goOn: () => void): void {
    if (!this.source.trusts(socket)) this.refuse(socket);
    else if (!this.accepted.admit(socket, undefined)) socket.destroy();
    else {
      readProxyHeader(socket, (header) => {
        if (!header) this.refuse(socket);
        else if (header.address === undefined || this.identify(socket, header.address)) goOn();
        else socket.destroy();
      });
    }
  }

  private identify(socket: Socket, address: string): boolean {
    noteClientAddress(socket, address);
    return this.accepted.identify(socket, address);
  }

  private refuse(socket: Socket): void {
    this.sink.refuse('proxyProtocol', peerAddress(socket));
    socket.destroy();
  }
}
