/** How much of a budget is used. */
export interface Usage {
  /** What is used now. */
  readonly used: number;
  /** The limit. `Infinity`: there is none. */
  readonly limit: number;
}

/** The budgets of a server, see `Server.getUsage`. Bytes are counted as the limits count them. */
export interface ServerUsage {
  /** Connections, before and after their login (`limits.maxConnections`). */
  readonly connections: Usage;
  /** Connections before their login (`limits.maxPendingHandshakes`). */
  readonly pendingHandshakes: Usage;
  /** Sessions of clients that are connected, or away and known here (`limits.maxSessions`). */
  readonly sessions: Usage;
  /** Calls and events whose handlers have not ended (`limits.maxCallsInFlightTotal`). */
  readonly callsInFlight: Usage;
  /** Bytes of the calls and events that are being served (`limits.maxBytesInFlightTotal`). */
  readonly bytesInFlight: Usage;
  /** Bytes that have arrived of the clients and are not served (`limits.maxReceiveBufferBytesTotal`). */
  readonly receiveBufferBytes: Usage;
  /** Bytes that wait to be sent to the clients (`limits.maxSendBufferBytesTotal`). */
  readonly sendBufferBytes: Usage;
  /** Bytes of the unacknowledged messages of all sessions (`limits.maxJournalBytesTotal`). */
  readonly journalBytes: Usage;
  /** Bytes that the process takes: its heap, and what Node holds for it outside of the heap (`limits.maxMemoryBytes`). */
  readonly memoryBytes: Usage;
}

/** What counts one budget of a server. */
export type Meter = readonly [used: () => number, limit: number];

/** The meters of a server: one for each budget. */
export type Meters = Readonly<Record<keyof ServerUsage, Meter>>;

/** Reads all meters. */
export function readMeters(meters: Meters): ServerUsage {
  const entries = Object.entries(meters).map(([name, [used, limit]]) => [
    name,
    Object.freeze({ used: used(), limit }),
  ]);
  return Object.freeze(Object.fromEntries(entries) as Record<keyof ServerUsage, Usage>);
}
