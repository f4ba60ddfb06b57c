import type { Socket } from 'node:net';
import type { PendingPeer } from '../server/handshake/pending-peers.js';
import type { ListenerSink } from '../server/listener.js';
import { acceptedSocket } from './node-internals.js';

/**
 * The sockets of a server that TLS or an upgrade is under way on.
 * Why: the time for a peer's handshake counts from the moment its socket was accepted.
 */
export class AcceptedSockets {
  // By the accepted socket, not by address: the peers of an IPC socket have none.
  private readonly pending = new Map<Socket, PendingPeer>();

  /** @param sink is told of each socket that is accepted, and of each that is closed while it is pending */
  constructor(private readonly sink: ListenerSink) {}

  /**
   * Adds a socket. Its time counts from now.
   * @param socket the socket that was accepted, or the TLS socket that was made of it
   */
  add(socket: Socket): void {
    const accepted = acceptedSocket(socket);
    const peer = this.sink.addPending(() => accepted.destroy());
    this.pending.set(accepted, peer);
    accepted.once('close', () => {
      if (this.pending.delete(accepted)) this.sink.removePending(peer);
    });
  }

  /** Removes a socket that has become a transport. Returns what the sink knows it by; undefined if it was not added. */
  remove(socket: Socket): PendingPeer | undefined {
    const accepted = acceptedSocket(socket);
    const peer = this.pending.get(accepted);
    this.pending.delete(accepted);
    return peer;
  }
}
