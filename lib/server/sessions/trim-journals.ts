import { ERR_JOURNAL_FULL } from '../../protocol/error-codes.js';
import { JOURNAL_FULL_INFO } from '../../protocol/refusal-info.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { JournalMeter } from '../../session/journal-meter.js';
import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import type { ClientTable } from './client-table.js';
import type { SessionKeeper } from './session-keeper.js';

/**
 * Ends sessions until all journals together hold no more than they may. The sessions of the clients that are away the
 * longest end first. If that is not enough, connected clients follow, the one with the largest journal first. A session
 * that other servers share is released to its store in place of ending.
 */
export function trimJournals(meter: JournalMeter, clients: ClientTable, keeper: SessionKeeper): void {
  for (const connection of clients.awayLongestFirst()) {
    if (!meter.isOver) return;
    if (bytesOf(connection) > 0 && !keeper.releaseToStore(connection))
      controlOf(connection).endSession(journalsFull(), JOURNAL_FULL_INFO);
  }
  const connected = [...clients.connected].sort((a, b) => bytesOf(b) - bytesOf(a));
  for (const connection of connected) {
    if (!meter.isOver) return;
    controlOf(connection).endSession(journalsFull(), JOURNAL_FULL_INFO);
  }
}

function bytesOf(connection: Connection): number {
  return connection.session?.journalBytes ?? 0;
}

function journalsFull(): RemoteError {
  return new RemoteError(
    ERR_JOURNAL_FULL,
    'A session has ended: more waits in all sessions together than limits.maxJournalBytesTotal allows',
  );
}
