import type { Socket } from 'node:net';
import type { PendingPeer } from '../server/handshake/pending-peers.js';
import type { Admission } from '../server/door/admission.js';
import type { ListenerSink } from '../server/listener.js';
import { acceptedSocket } from './node-internals.js';

/** A socket that was admitted. */
interface AcceptedSocket {
  readonly peer: PendingPeer;
  admission: Admission;
}

/**
 * The sockets of a server that TLS or an upgrade is under way on.
 * Why: the time for a peer's handshake counts from the moment its socket was accepted.
 */
export class AcceptedSockets {
  // By the accepted socket, not by address: the peers of an IPC socket have none.
  private readonly pending = new Map<Socket, AcceptedSocket>();

  /** @param sink admits sockets, and is told of each that is closed while it is pending */
  constructor(private readonly sink: ListenerSink) {}

  /**
   * Admits a socket. Its time counts from now.
   * @param socket the socket that was accepted, or the TLS socket that was made of it
   * @param address the client's address; undefined where it has none, or it is not known yet
   * @returns whether there is room for it; if not, the caller ends it
   */
  admit(socket: Socket, address: string | undefined): boolean {
    const accepted = acceptedSocket(socket);
    const admission = this.sink.admit(address);
    if (!admission) return false;
    const entry = { peer: this.sink.addPending(accepted, admission), admission };
    this.pending.set(accepted, entry);
    const { traffic } = this.sink;
    traffic?.opened(accepted);
    accepted.once('close', () => {
      traffic?.closed(accepted);
      entry.admission.release();
      if (this.pending.delete(accepted)) this.sink.removePending(entry.peer);
    });
    return true;
  }

  /** Notes whose a socket is that was admitted. @returns whether that address has room for it; if not, the caller ends it */
  identify(socket: Socket, address: string): boolean {
    const entry = this.pending.get(acceptedSocket(socket));
    // Why by the peer: one whose time is over, and whose socket is about to close, gets no other place.
    const admission = entry?.peer.admission?.identify(address);
    if (!entry || !admission) return false;
    entry.admission = admission;
    entry.peer.admission = admission;
    return true;
  }

  /** Removes a socket that has become a transport. Returns what the sink knows it by; undefined if it was not added. */
  remove(socket: Socket): PendingPeer | undefined {
    const accepted = acceptedSocket(socket);
    const entry = this.pending.get(accepted);
    this.pending.delete(accepted);
    return entry?.peer;
  }
}
