import type { Connection } from '../../lib/core.js';

/** How many calls of the peer a connection is serving. */
export function servedCalls({ session }: Connection): number {
  return [...(session?.serving ?? [])].length;
}
