import type { Transport } from '../connection/transport.js';
import type { Arrival } from './handshake/pending-peers.js';

/** Who gets what a listener accepts. */
export interface ListenerSink {
  /**
   * A peer has arrived, and is being secured or upgraded.
   * @param abandon ends it when its time is over
   */
  arrive(abandon: () => void): Arrival;
  /** A peer that had arrived went away, or was refused, before it could be accepted. */
  gone(arrival: Arrival): void;
  /** A peer is there; with the arrival of one that was being secured or upgraded. */
  accept(transport: Transport, arrival?: Arrival): void;
  /** One of the listener's own events, to be passed on to the user ('listening', 'close', 'error', 'connection'). */
  forward(event: string, args: readonly unknown[]): void;
}

/** Accepts links of one kind. */
export interface Listener {
  /** Starts to listen; the arguments are those of Node's `server.listen`. */
  listen(args: unknown[]): void;
  /** Accepts nobody any more; open links stay. The callback runs when the last one is gone, as Node's does. */
  close(callback?: (error?: Error) => void): void;
  /** Where it listens; null where it does not. */
  address(): unknown;
  /** Keeps the process alive. */
  ref(): void;
  /** Does not keep the process alive. */
  unref(): void;
  /** Whether it listens. */
  readonly listening: boolean;
  /** Node's server underneath. */
  readonly raw: unknown;
}

/** Makes a listener that hands what it accepts to a sink. */
export type ListenerFactory = (sink: ListenerSink) => Listener;
