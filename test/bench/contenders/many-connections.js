import { DEFAULT_LIMITS } from 'nestjs-jstp/core';

const NAMES = [
  'maxConnectionsPerAddress',
  'maxPendingHandshakes',
  'maxHandshakesPerSecond',
  'maxSessionsPerAddress',
  'maxJournalBytesPerAddress',
];

/**
 * Options that let all clients of a benchmark in, which come by one address. Older builds know no such limits.
 * @returns {{ limits: Record<string, number> }}
 */
export function manyConnections() {
  return {
    limits: Object.fromEntries(
      NAMES.filter((name) => name in DEFAULT_LIMITS).map((name) => [name, Infinity]),
    ),
  };
}
