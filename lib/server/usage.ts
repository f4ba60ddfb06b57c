import type { InFlight } from '../connection/calls/in-flight.js';
import type { ReceiveMeter } from '../connection/receive-meter.js';
import type { SendMeter } from '../connection/send-meter.js';
import {
  bytesInFlightTotal,
  journalBytesTotal,
  sendBufferBytesTotal,
  type Limits,
} from '../protocol/limits.js';
import { usedMemoryBytes } from './door/memory-guard.js';
import type { SessionGroup } from './sessions/session-group.js';

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
  /** Rooms that have members (`limits.maxRooms`). */
  readonly rooms: Usage;
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

/** The parts of a server that have what is counted. */
export interface MeteredParts {
  readonly door: { readonly size: number };
  readonly pendingPeers: { readonly size: number };
  readonly rooms: { readonly size: number };
  readonly table: { readonly all: Pick<SessionGroup, 'sessions' | 'meter'> };
  readonly inFlight: Pick<InFlight, 'calls' | 'bytes' | 'values'>;
  readonly receiveMeter: Pick<ReceiveMeter, 'bytes' | 'maxBytes'>;
  readonly sendMeter: Pick<SendMeter, 'bytes'>;
}

/** Makes the meters of a server. */
export function createMeters(
  limits: Limits,
  { door, pendingPeers, rooms, table, inFlight, receiveMeter, sendMeter }: MeteredParts,
): Meters {
  return {
    connections: [() => door.size, limits.maxConnections],
    pendingHandshakes: [() => pendingPeers.size, limits.maxPendingHandshakes],
    sessions: [() => table.all.sessions, limits.maxSessions],
    rooms: [() => rooms.size, limits.maxRooms],
    callsInFlight: [() => inFlight.calls.amount, limits.maxCallsInFlightTotal],
    bytesInFlight: [() => inFlight.bytes.amount, bytesInFlightTotal(limits)],
    receiveBufferBytes: [() => receiveMeter.bytes, receiveMeter.maxBytes],
    sendBufferBytes: [() => sendMeter.bytes + inFlight.values.length, sendBufferBytesTotal(limits)],
    journalBytes: [() => table.all.meter.bytes, journalBytesTotal(limits)],
    memoryBytes: [usedMemoryBytes, limits.maxMemoryBytes || Infinity],
  };
}

/** Reads all meters. */
export function readMeters(meters: Meters): ServerUsage {
  const entries = Object.entries(meters).map(([name, [used, limit]]) => [
    name,
    Object.freeze({ used: used(), limit }),
  ]);
  return Object.freeze(Object.fromEntries(entries) as Record<keyof ServerUsage, Usage>);
}
