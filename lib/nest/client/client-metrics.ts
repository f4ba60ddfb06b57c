import type { CallMetrics } from '../../connection/metrics/call-metrics.js';
import type { Traffic } from '../../connection/metrics/traffic-meter.js';

/**
 * What a client has counted, see `JstpClient.getMetrics`: plain data, safe for `JSON.stringify`. Counts begin `ageMs` ago.
 * Names are counted one by one up to the thousandth.
 */
export interface ClientMetrics extends CallMetrics {
  /** For how long there were counts, in milliseconds. */
  readonly ageMs: number;
  /** The connection to the server. */
  readonly connection: {
    /** Whether it is there now. */
    readonly isConnected: boolean;
    /** How often it was there: logins and resumes. */
    readonly opened: number;
    /** How often the client came back with its session. */
    readonly resumed: number;
    /** How often it was lost, or closed by either side. */
    readonly ended: number;
    /** Attempts to reconnect that the client has made by itself. */
    readonly attempts: number;
    /** Sessions that the server has refused to resume, or has ended. */
    readonly sessionsLost: number;
    /** Sessions that another client has taken. */
    readonly sessionsTaken: number;
    /** Errors of the connection, of attempts to reconnect, and of the exposed application. */
    readonly errors: number;
  };
  /** Bytes, as the sockets count them. Connections in memory have none. */
  readonly bytes: Traffic;
  /** Calls that wait for their answer. */
  readonly pendingCalls: number;
  /** What was sent and is not acknowledged. */
  readonly journal: { readonly messages: number; readonly bytes: number };
}
