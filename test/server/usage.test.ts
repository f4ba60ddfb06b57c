import { getHeapStatistics } from 'node:v8';
import { afterEach, expect, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { ServerOnTheWire } from '../support/resume-wire.js';
import { waitFor } from '../support/wait-for.js';
import { ENTRY_BYTES } from '../../lib/session/journal.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();
afterEach(() => closing.run());

const CALL = "{call:[1,'a'],b:['xxxxxxxxxx']}";
const ANSWER = "{callback:[1],ok:['yyyyy']}";

test('a server tells what is used of each of its budgets, and their limits', async () => {
  const wire = await ServerOnTheWire.start(closing, { limits: { maxSessions: 7 } });
  const { server } = wire;
  const { peer } = await wire.login();
  await wire.peer();
  await waitFor(() => server.getUsage().pendingHandshakes.used === 1, 'a stranger');
  peer.send(CALL);
  const call = await wire.served.call(1);
  for (const connection of server.getClientsArray()) server.rooms.join(connection, 'kitchen');
  const { memoryBytes, ...usage } = server.getUsage();
  const heap = getHeapStatistics().heap_size_limit;
  expect(usage).toEqual({
    connections: { used: 2, limit: DEFAULT_LIMITS.maxConnections },
    pendingHandshakes: { used: 1, limit: DEFAULT_LIMITS.maxPendingHandshakes },
    sessions: { used: 1, limit: 7 },
    rooms: { used: 1, limit: DEFAULT_LIMITS.maxRooms },
    callsInFlight: { used: 1, limit: DEFAULT_LIMITS.maxCallsInFlightTotal },
    bytesInFlight: { used: CALL.length + CALL_BYTES, limit: Math.floor(heap / 8) },
    receiveBufferBytes: { used: 0, limit: Math.floor(heap / 8) },
    sendBufferBytes: { used: 0, limit: Math.floor(heap / 8) },
    journalBytes: { used: 0, limit: Math.floor(heap / 5) },
  });
  expect(memoryBytes.limit).toBe(Infinity);
  expect(memoryBytes.used).toBeGreaterThan(1024 * 1024);
  expect(memoryBytes.used).toBeLessThan(process.memoryUsage().rss * 2);
  call.succeed(['yyyyy']);
  await peer.received(1);
  const { callsInFlight, bytesInFlight, journalBytes } = server.getUsage();
  expect([callsInFlight, bytesInFlight, journalBytes].map(({ used }) => used)).toEqual([
    0,
    0,
    ANSWER.length + ENTRY_BYTES,
  ]);
  peer.socket.resetAndDestroy();
  await waitFor(() => server.getUsage().connections.used === 1, 'the cut');
  // Its session waits for it.
  expect(server.getUsage().sessions.used).toBe(1);
});

test('what a server tells of its budgets is a snapshot that nobody can change', async () => {
  const { server } = await ServerOnTheWire.start(closing);
  const usage = server.getUsage();
  expect(Object.isFrozen(usage)).toBe(true);
  for (const part of Object.values(usage)) expect(Object.isFrozen(part)).toBe(true);
});
