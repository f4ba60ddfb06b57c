import type { Connection } from '../../connection/connection.js';
import { servedCalls, servedCountOf, waitingBytesOf } from '../../connection/serving.js';
import type { ReceivedCall } from '../../connection/calls/received-call.js';
import { toLogText } from '../../util/log-text.js';
import { now } from '../../util/host.js';
import type { CallInService, ConnectionDetail, ConnectionSummary } from './administration.js';

/** How many calls that are being served are told at once. */
const MAX_CALLS = 50;
/** How many rooms of a session are told. */
const MAX_ROOMS = 100;
/** How much is told of a name that a client has made up. */
const MAX_NAME_LENGTH = 200;

/** Describes a client in short. @param asker the client that asks */
export function summaryOf(connection: Connection, asker: Connection): ConnectionSummary {
  const { id, username, application, remoteAddress, session } = connection;
  return {
    handle: id,
    state: connection.handshakeDone ? 'connected' : 'away',
    username,
    application: application ? `${application.name}@${application.version}` : '',
    address: remoteAddress ?? null,
    inService: servedCountOf(connection),
    journalBytes: session?.journalBytes ?? 0,
    isSelf: connection === asker,
  };
}

/** Describes a client in detail. Invariant: the id of its session, which opens it, is not told. */
export function detailOf(connection: Connection, asker: Connection): ConnectionDetail {
  const { session, extensions } = connection;
  return {
    ...summaryOf(connection, asker),
    transport: connection.handshakeDone ? transportOf(connection) : null,
    extensions: Object.entries(extensions).flatMap(([name, isAgreed]) => (isAgreed === true ? [name] : [])),
    sent: session?.latestBufferedMessageId ?? 0,
    received: session?.receivedCount ?? 0,
    unacknowledged: session?.journal.size ?? 0,
    sendBufferBytes: waitingBytesOf(connection),
    rooms: [...(session?.rooms ?? [])].slice(0, MAX_ROOMS),
    calls: longestOf([connection]),
  };
}

/** Returns the calls of clients that are being served: the longest first. */
export function longestOf(connections: Iterable<Connection>): CallInService[] {
  const longest: [call: ReceivedCall, began: number][] = [];
  for (const connection of connections) {
    for (const call of servedCalls(connection)) {
      const began = call.observation?.began?.at ?? Infinity;
      const last = longest.at(MAX_CALLS - 1);
      if (last && last[1] <= began) continue;
      const place = longest.findIndex((other) => other[1] > began);
      longest.splice(place < 0 ? longest.length : place, 0, [call, began]);
      longest.length = Math.min(longest.length, MAX_CALLS);
    }
  }
  const time = now();
  return longest.map(([call, began]) => ({
    handle: call.connection.id,
    username: call.connection.username,
    interface: toLogText(call.interfaceName, MAX_NAME_LENGTH),
    method: toLogText(call.methodName, MAX_NAME_LENGTH),
    ageMs: Math.max(0, Math.round(time - Math.min(began, time))),
    streams: call.stream !== undefined,
  }));
}

function transportOf(connection: Connection): ConnectionDetail['transport'] {
  if (connection.getUpgradeRequest()) return 'websocket';
  const raw = connection.getTransport() as { encrypted?: boolean; remoteFamily?: string } | null;
  if (raw?.encrypted === true) return 'tls';
  return raw?.remoteFamily === undefined ? 'other' : 'tcp';
}
