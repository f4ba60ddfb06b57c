import type { ErrorReporter } from '../util/event-emitter.js';

/** What `nest/` and the tests may ask of a server besides its public API. */
export interface ServerControl {
  /** Gets what listeners throw on events that are about no connection, and on 'connectionError'. */
  lastResort: ErrorReporter;
  /** What the journals of all sessions hold, in bytes. */
  readonly journalBytes: number;
  /** The size on the wire of the calls and events that are being served, in bytes. */
  readonly bytesInFlight: number;
}

/** The key under which a server has its {@link ServerControl}. */
export const SERVER_CONTROL = Symbol('serverControl');
