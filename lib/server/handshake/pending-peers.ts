import type { Connection } from '../../connection/connection.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';

/**
 * A peer that has arrived and has not shaken hands yet: first a socket that is being secured or upgraded,
 * then a connection.
 */
export interface Arrival {
  /** Ends it, as long as there is no connection. */
  readonly abandon: () => void;
  /** The connection, once there is one. */
  connection: Connection | undefined;
}

/** The peers that have not shaken hands yet. Their time counts from their arrival, TLS and upgrade included. */
export class PendingPeers {
  private readonly queue: DeadlineQueue<Arrival>;
  private readonly byConnection = new Map<Connection, Arrival>();

  /**
   * @param timeoutMs how long a handshake may take
   * @param onTimeout called with a connection whose time is over; what is no connection yet is abandoned
   */
  constructor(timeoutMs: number, onTimeout: (connection: Connection) => void) {
    this.queue = new DeadlineQueue(timeoutMs, (arrival) => {
      const { connection } = arrival;
      if (!connection) arrival.abandon();
      else if (this.byConnection.delete(connection)) onTimeout(connection);
    });
  }

  /** A peer has arrived. */
  add(abandon: () => void): Arrival {
    const arrival: Arrival = { abandon, connection: undefined };
    this.queue.add(arrival);
    return arrival;
  }

  /** It is a connection now. */
  connected(arrival: Arrival, connection: Connection): void {
    arrival.connection = connection;
    this.byConnection.set(connection, arrival);
  }

  /** It went away before it was a connection. */
  gone(arrival: Arrival): void {
    this.queue.delete(arrival);
  }

  /** Its handshake is done, or it went away. */
  settle(connection: Connection): void {
    const arrival = this.byConnection.get(connection);
    if (!arrival) return;
    this.byConnection.delete(connection);
    this.queue.delete(arrival);
  }

  /** Ends them all. */
  clear(): void {
    const arrivals = [...this.queue];
    this.queue.clear();
    this.byConnection.clear();
    for (const { connection, abandon } of arrivals) {
      if (connection) connection.close();
      else abandon();
    }
  }
}
