import { ERR_JOURNAL_FULL } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { JournalMeter } from '../../session/journal-meter.js';
import type { Connection } from '../../connection/connection.js';
import type { ClientTable } from './client-table.js';
import type { SessionKeeper } from './session-keeper.js';

/**
 * Ends sessions until what waits in all of them is no more than may: first those whose clients are away the longest, and
 * where that is not enough, of the connected clients those with the most.
 */
export function trimJournals(meter: JournalMeter, clients: ClientTable, keeper: SessionKeeper): void {
  for (const connection of clients.awayLongestFirst()) {
    if (!meter.isOver) return;
    if (bytesOf(connection) > 0 && !keeper.releaseToOthers(connection)) connection.overflow(totalFull());
  }
  const connected = [...clients.connected].sort((a, b) => bytesOf(b) - bytesOf(a));
  for (const connection of connected) {
    if (!meter.isOver) return;
    connection.overflow(totalFull());
  }
}

function bytesOf(connection: Connection): number {
  return connection.session?.journalBytes ?? 0;
}

function totalFull(): RemoteError {
  return new RemoteError(
    ERR_JOURNAL_FULL,
    'A session has ended: more waits in all sessions together than limits.maxJournalBytesTotal allows',
  );
}
