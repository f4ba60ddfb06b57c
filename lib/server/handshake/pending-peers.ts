import type { Connection } from '../../connection/connection.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';
import type { Admission } from '../door/admission.js';
import type { PendingConnections } from '../door/door.js';

/** How many peers that wait for an answer are passed over, to find one that is silent. */
const MAX_PASSED = 100;

/** A socket, or a transport. */
export interface Destroyable {
  destroy(): unknown;
}

/** A peer that has not shaken hands yet: first a socket that is being secured or upgraded, then a connection. */
export interface PendingPeer {
  /** Is destroyed for as long as there is no connection. */
  readonly socket: Destroyable;
  /** The connection, once the socket is secured and upgraded. */
  connection: Connection | undefined;
  /** The place of its connection, until it has shaken hands or ended; undefined: it counts for no address. */
  admission: Admission | undefined;
}

/**
 * Holds the peers that have not shaken hands yet, and ends those that take too long. The time of a peer starts when
 * its socket is accepted, so that TLS and the WebSocket upgrade are part of it.
 */
export class PendingPeers implements PendingConnections {
  private readonly queue: DeadlineQueue<PendingPeer>;
  private readonly byConnection = new Map<Connection, PendingPeer>();

  /**
   * @param timeoutMs how long a peer may take to shake hands
   * @param onTimeout called with a connection that took too long; a peer without a connection is abandoned instead
   */
  constructor(timeoutMs: number, onTimeout: (connection: Connection) => void) {
    this.queue = new DeadlineQueue(timeoutMs, (peer) => {
      const { connection } = peer;
      drop(peer);
      if (!connection) peer.socket.destroy();
      else if (this.byConnection.delete(connection)) onTimeout(connection);
    });
  }

  /** How many peers have not shaken hands yet. */
  get size(): number {
    return this.queue.size;
  }

  /** Adds a peer whose socket has just been accepted. */
  add(socket: Destroyable, admission?: Admission): PendingPeer {
    const peer: PendingPeer = { socket, connection: undefined, admission };
    this.queue.add(peer);
    return peer;
  }

  /** Notes that a peer has a connection now. */
  connected(peer: PendingPeer, connection: Connection): void {
    peer.connection = connection;
    this.byConnection.set(connection, peer);
  }

  /** Removes a peer that went away before it had a connection. */
  remove(peer: PendingPeer): void {
    this.queue.delete(peer);
    drop(peer);
  }

  /** Removes the peer of a connection that has shaken hands, or that has ended. */
  settle(connection: Connection): void {
    const peer = this.byConnection.get(connection);
    if (!peer) return;
    this.byConnection.delete(connection);
    this.remove(peer);
  }

  /**
   * Ends the peer that has been silent for the longest: one that has not sent its whole handshake.
   * @returns the place of its connection; undefined: there is none among the oldest
   */
  endSilent(): Admission | undefined {
    let passed = 0;
    for (const peer of this.queue) {
      const { admission } = peer;
      if (admission && peer.connection?.state.name !== 'handshaking') {
        this.remove(peer);
        if (peer.connection) this.byConnection.delete(peer.connection);
        end(peer);
        return admission;
      }
      passed += 1;
      if (passed === MAX_PASSED) return undefined;
    }
    return undefined;
  }

  /** Ends all peers that have not shaken hands yet, the newest first. @returns how many */
  clear(): number {
    const peers = [...this.queue].reverse();
    // The tables are emptied first: `close` and `destroy` call back.
    for (const peer of peers) this.remove(peer);
    this.byConnection.clear();
    for (const peer of peers) end(peer);
    return peers.length;
  }
}

/** Notes that a peer counts no more among those of its address that have not shaken hands. */
function drop(peer: PendingPeer): void {
  const { admission } = peer;
  peer.admission = undefined;
  admission?.settled();
}

function end({ connection, socket }: PendingPeer): void {
  if (connection) connection.close();
  else socket.destroy();
}
