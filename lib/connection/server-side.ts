import type { Limits } from '../protocol/limits.js';
import type { HandshakeRequest } from '../protocol/message.js';
import type { JournalCounter } from '../session/journal-meter.js';
import type { ErrorReporter } from '../util/event-emitter.js';
import type { TimeAccount } from '../util/waiting-line.js';
import type { InFlight } from './calls/in-flight.js';
import type { Connection } from './connection.js';
import type { CallMeter } from './observing/call-meter.js';
import type { ReceiveMeter } from './receive-meter.js';
import type { SendMeter } from './send-meter.js';

/** What a connection asks of its server. */
export interface ServerSide {
  /** The server's public object. */
  readonly server: object;
  /** Gets what a listener of errors throws. */
  readonly lastResort: ErrorReporter;
  readonly limits: Limits;
  /** Decides on a handshake, now or later; `admit` and `refuse` of `serving.ts` answer it. */
  decideHandshake(connection: Connection, request: HandshakeRequest): void;
  /** Whether a client may ask for the names of methods. */
  mayInspect(connection: Connection): boolean;
  /** The connection's transport is lost. */
  transportLost(connection: Connection): void;
  /** More was journaled for a client that is away. */
  sessionChanged(connection: Connection): void;
  /**
   * The connection's session has ended and cannot be resumed, whether it has a transport or not.
   * @param isFull whether it has because too much waited for the client
   */
  sessionOver(connection: Connection, isFull: boolean): void;
  /** Counts the calls and events of the connections; undefined: nobody has asked for that. */
  readonly callMeter: CallMeter | undefined;
  /** Counts what the connections serve. */
  readonly inFlight: InFlight;
  /** Counts what the journal of a connection's session holds; undefined where the session is not here any more. */
  journalCounterOf(connection: Connection): JournalCounter | undefined;
  /** Counts the shared time that the connections of an address have had. */
  timeAccountOf(address: string | undefined): TimeAccount;
  /** Counts what has arrived of the clients and is not served. */
  readonly receiveMeter: ReceiveMeter;
  /** Counts what waits to be sent to the clients. */
  readonly sendMeter: SendMeter;
  /** An error of the connection, or of the application on it; answers whether somebody listens for it. */
  connectionError(error: unknown, connection: Connection): boolean;
  /** Whether anybody listens for log events, so that the costly ones are made at all. */
  readonly hasLogListeners: boolean;
  /** Emits one of the connection's log events. */
  log(connection: Connection, event: string, args: readonly unknown[]): void;
}
