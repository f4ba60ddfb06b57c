import type { Connection } from '../connection/connection.js';
import type { CallDetails } from './administration/call-details.js';
import type { ErrorReporter } from '../util/event-emitter.js';

/** What `nest/` and the tests may ask of a server besides its public API. */
export interface ServerControl {
  /** Gets what listeners throw on events that are about no connection, and on 'connectionError'. */
  lastResort: ErrorReporter;
  /** What the journals of all sessions hold, in bytes. */
  readonly journalBytes: number;
  /** The size on the wire of the calls and events that are being served, in bytes. */
  readonly bytesInFlight: number;
  /** The clients whose sessions are here, connected or away. */
  readonly clients: Iterable<Connection>;
  /** The details of what clients call and emit; undefined: nobody has asked for them. */
  readonly details: CallDetails | undefined;
}

/** The key under which a server has its {@link ServerControl}. */
export const SERVER_CONTROL = Symbol('serverControl');
