import { CONTROL } from '../../lib/connection/control.js';
import type { Lifecycle } from '../../lib/connection/lifecycle.js';
import type { Connection } from '../../lib/core.js';

/** The machine behind a connection, for what no public member can bring about or show. */
export function lifecycleOf(connection: Connection): Lifecycle {
  return connection[CONTROL] as Lifecycle;
}

/** How many calls of the peer a connection is serving. */
export function servedCalls({ session }: Connection): number {
  return [...(session?.serving ?? [])].length;
}
