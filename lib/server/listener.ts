import type { TrafficMeter } from '../connection/metrics/traffic-meter.js';
import type { Transport } from '../connection/transport.js';
import type { Admission, ListenerRule } from './door/admission.js';
import type { Destroyable, PendingPeer } from './handshake/pending-peers.js';

/** Receives what a listener accepts: the server's side of it. */
export interface ListenerSink {
  /**
   * Asks for a place for a socket that was just accepted, before any work is done for it.
   * @param address the client's address; undefined where there is none, or it is not known yet
   * @returns undefined: the server has too many connections, and the socket must be ended at once
   */
  admit(address: string | undefined): Admission | undefined;
  /** Adds up the bytes of the sockets; undefined: nobody has asked for that. */
  readonly traffic: TrafficMeter | undefined;
  /**
   * Notes that a socket is ended because it broke a rule of the listener.
   * @param error what a function of the user's has thrown
   */
  refuse(by: ListenerRule, address: string | undefined, error?: unknown): void;
  /**
   * Notes a peer that was admitted: its time for the handshake starts, with TLS and the upgrade of a WebSocket.
   * @param socket is destroyed when that time is over
   * @param admission the place of its connection
   */
  addPending(socket: Destroyable, admission: Admission): PendingPeer;
  /** Drops a peer that went away, or was refused, before it could be accepted. */
  removePending(peer: PendingPeer): void;
  /**
   * Takes over a transport that is ready for messages.
   * @param peer what {@link addPending} returned; without it, the connection counts for no address
   */
  accept(transport: Transport, peer?: PendingPeer): void;
  /** Passes one of the listener's own events on to the user: 'listening', 'close', 'error' or 'connection'. */
  forward(event: string, args: readonly unknown[]): void;
}

/** Accepts transports of one kind. */
export interface Listener {
  /** Starts to listen; the arguments are those of Node's `server.listen`. */
  listen(args: unknown[]): void;
  /** Accepts no more transports; open ones stay. The callback runs when the last one is closed, as Node's does. */
  close(callback?: (error?: Error) => void): void;
  /** Returns where the listener listens, as Node's `server.address` does; null while it does not listen. */
  address(): unknown;
  /** Lets the listener keep the process alive. */
  ref(): void;
  /** Lets the process end while the listener listens. */
  unref(): void;
  /** Whether the listener listens. */
  readonly listening: boolean;
  /** Node's server underneath; undefined where there is none. */
  readonly raw: unknown;
}

/** Makes a listener that hands what it accepts to a sink. */
export type ListenerFactory = (sink: ListenerSink) => Listener;
