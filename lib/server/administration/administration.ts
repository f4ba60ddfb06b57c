/*
 * What the interface `jstp.administration` of a server answers. Invariant: nothing is imported here, so that pages and
 * other clients can have these types without the server.
 */

/** The name of the interface by which a server is administered. */
export const ADMINISTRATION_INTERFACE = 'jstp.administration';

/**
 * The interface `jstp.administration` as its clients call it. Each call asks the guard of the server's option
 * `administration`; a no is the error 'Forbidden resource'.
 */
export interface Administration {
  /**
   * What the server does now. Rates and latencies are those since this was asked the last time, by anybody; for a second
   * after that the answer is the same one.
   */
  overview(): Promise<ServerSnapshot>;
  /**
   * A stream of snapshots: one at once, whose rates and latencies are those since the start, then one every `intervalMs`,
   * with those since the one before. A client that reads slowly, or is away, skips snapshots. Fails with 429 where the
   * client has 4 streams already, or all clients together have 16. Needs the extension `stream`.
   * @param intervalMs from 250 to 60,000. @default 1000
   */
  watch(intervalMs?: number): AsyncIterable<ServerSnapshot>;
  /** A page of the clients, connected or away, in the order of their handles. */
  connections(query?: ConnectionQuery): Promise<ConnectionPage>;
  /** One client, in detail. Fails with 404 where there is none of that handle. */
  connection(handle: number): Promise<ConnectionDetail>;
  /**
   * Cuts the transport of a client, as a lost network would: the session stays, and its client resumes it.
   * Fails with 404 where there is no client of that handle, with 409 where it is away.
   */
  cut(handle: number): Promise<void>;
  /** Ends the session of a client for good, and its connection. Fails with 404 where there is none of that handle. */
  end(handle: number): Promise<void>;
}

/** The code of the error about a handle of which there is no client. */
export const ADMINISTRATION_NOT_FOUND = 404;

/** The code of the error about a client that is away, and cannot be cut. */
export const ADMINISTRATION_AWAY = 409;

/** The code of the error about arguments that are not allowed. */
export const ADMINISTRATION_INVALID = 400;

/** The code of the error about more watchers than there may be. */
export const ADMINISTRATION_BUSY = 429;

/** How much of a budget is used. */
export interface BudgetReport {
  /** What is used now. */
  readonly used: number;
  /** The limit; null: there is none. */
  readonly limit: number | null;
}

/** The names of the budgets in a snapshot. Those with 'bytes' in them are in bytes. */
export type BudgetName =
  | 'connections'
  | 'pendingHandshakes'
  | 'sessions'
  | 'rooms'
  | 'callsInFlight'
  | 'bytesInFlight'
  | 'receiveBufferBytes'
  | 'sendBufferBytes'
  | 'journalBytes'
  | 'memoryBytes';

/** What a server does at one moment. */
export interface ServerSnapshot {
  /** When it was made, in milliseconds since 1970, by the server's clock. */
  readonly at: number;
  /** For how long the server has been listening, in milliseconds. */
  readonly upMs: number;
  /** The time that rates and latencies are about: its length in milliseconds. */
  readonly periodMs: number;
  /** The clients. */
  readonly clients: {
    /** Those that are connected. */
    readonly connected: number;
    /** Those that have lost their transport, and may resume their session. */
    readonly away: number;
  };
  /** The budgets of the server against their limits. */
  readonly budgets: Readonly<Record<BudgetName, BudgetReport>>;
  /** Calls of the clients that have ended in the period. */
  readonly calls: CallReport;
  /** Events of the clients that were handled in the period. */
  readonly events: { readonly count: number; readonly failed: number; readonly perSecond: number };
  /** Calls that are being served: the longest first, 50 at most. How many there are in all: `budgets.callsInFlight`. */
  readonly inService: readonly CallInService[];
  /** The slowest methods of the period, by their 99th percentile: 20 at most. */
  readonly slowest: readonly MethodReport[];
  /** The last calls and events that have failed, since the start: the newest first, 50 at most. */
  readonly failures: readonly FailureReport[];
}

/** Calls that have ended in a period. */
export interface CallReport {
  /** How many. */
  readonly count: number;
  /** How many of them have failed. */
  readonly failed: number;
  /** How many in a second, on the average. */
  readonly perSecond: number;
  /** How long they took, from their arrival to their answer; null where there was none. */
  readonly latency: LatencyReport | null;
}

/**
 * How long calls took, in milliseconds: up to their last value where they stream. Percentiles and the maximum are exact to
 * about a tenth of their value.
 */
export interface LatencyReport {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The calls of one method in a period. */
export interface MethodReport extends CallReport {
  /** 'name@version' of the application; '_OTHER' where there was none. */
  readonly application: string;
  /** '_OTHER' for names that the application does not have. */
  readonly interface: string;
  readonly method: string;
}

/** A call that is being served. */
export interface CallInService {
  /** The client that has called, see {@link ConnectionSummary.handle}. */
  readonly handle: number;
  /** Its user's name; null for an anonymous one. */
  readonly username: string | null;
  readonly interface: string;
  readonly method: string;
  /** For how long, in milliseconds. */
  readonly ageMs: number;
  /** Whether it answers with a stream. */
  readonly streams: boolean;
}

/** A call or event that has failed. Neither arguments nor texts of errors are told. */
export interface FailureReport {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly kind: 'call' | 'event';
  readonly application: string;
  readonly interface: string;
  /** The method, or the event. */
  readonly method: string;
  /** The code of the error; a text for errors of the system, as 'ECONNRESET'. */
  readonly code: number | string;
}

/** Which clients to list. */
export interface ConnectionQuery {
  /** Those with handles above this one. @default all */
  readonly after?: number;
  /** How many at most, from 1 to 100. @default 50 */
  readonly limit?: number;
}

/** A page of clients. */
export interface ConnectionPage {
  readonly connections: readonly ConnectionSummary[];
  /** What to give as `after` for the next page; null: there are no more. */
  readonly next: number | null;
  /** How many there are in all. */
  readonly total: number;
}

/** A client, in short. */
export interface ConnectionSummary {
  /** The number by which this client is named, as long as this process knows it. It is no secret, as a session's id is. */
  readonly handle: number;
  /** Whether its transport is up; 'away': it may resume its session. */
  readonly state: 'connected' | 'away';
  readonly username: string | null;
  /** 'name@version' of the application that serves it. */
  readonly application: string;
  /** Its address; null where it has none. */
  readonly address: string | null;
  /** Calls and events that are being served. */
  readonly inService: number;
  /** What its journal holds for it, in bytes. */
  readonly journalBytes: number;
  /** Whether it is the client that asks. */
  readonly isSelf: boolean;
}

/** A client, in detail. */
export interface ConnectionDetail extends ConnectionSummary {
  /** The kind of transport; null while it is away. 'other': in memory, or over a socket of the system (IPC). */
  readonly transport: 'tcp' | 'tls' | 'websocket' | 'other' | null;
  /** The extensions of the protocol that are agreed. */
  readonly extensions: readonly string[];
  /** Numbered messages that were sent to it in its session: calls, events, inspects and pings. */
  readonly sent: number;
  /** Numbered messages that were received of it in its session. */
  readonly received: number;
  /** Messages in the journal, which it has not acknowledged. */
  readonly unacknowledged: number;
  /** What waits to be written to its transport, in bytes. */
  readonly sendBufferBytes: number;
  /** The rooms that its session is in: 100 at most. */
  readonly rooms: readonly string[];
  /** Its calls that are being served: 50 at most. */
  readonly calls: readonly CallInService[];
}
