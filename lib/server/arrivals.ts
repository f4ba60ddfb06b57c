import type { Connection } from '../connection/connection.js';
import { DeadlineQueue } from '../util/deadline-queue.js';

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
export class Arrivals {
  /** A connection of which nothing was known before waits itself. */
  private readonly queue: DeadlineQueue<Arrival | Connection>;
  private readonly byConnection = new Map<Connection, Arrival>();

  /**
   * @param timeoutMs how long a handshake may take
   * @param onTimeout called with a connection whose time is over; what is no connection yet is abandoned
   */
  constructor(timeoutMs: number, onTimeout: (connection: Connection) => void) {
    this.queue = new DeadlineQueue(timeoutMs, (waiting) => {
      if (!isArrival(waiting)) onTimeout(waiting);
      else if (!waiting.connection) waiting.abandon();
      else if (this.byConnection.delete(waiting.connection)) onTimeout(waiting.connection);
    });
  }

  /** A peer has arrived. */
  add(abandon: () => void): Arrival {
    const arrival: Arrival = { abandon, connection: undefined };
    this.queue.add(arrival);
    return arrival;
  }

  /** A peer is a connection now; with its arrival, if it had to be secured or upgraded. */
  connected(connection: Connection, arrival: Arrival | undefined): void {
    if (!arrival) {
      this.queue.add(connection);
      return;
    }
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
    this.byConnection.delete(connection);
    this.queue.delete(arrival ?? connection);
  }

  /** Ends them all. */
  clear(): void {
    const all = [...this.queue];
    this.queue.clear();
    this.byConnection.clear();
    for (const waiting of all) {
      if (!isArrival(waiting)) waiting.close();
      else if (waiting.connection) waiting.connection.close();
      else waiting.abandon();
    }
  }
}

function isArrival(waiting: Arrival | Connection): waiting is Arrival {
  return 'abandon' in waiting;
}
