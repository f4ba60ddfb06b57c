import type { Connection } from '../../connection/connection.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { NOT_OWNED } from '../../session/session-not-owned-error.js';
import { SessionStateError } from '../../session/session-state-error.js';
import type { SharedSessionStorageProvider } from '../../session/shared-session-storage.js';
import { startTimer } from '../../util/timer.js';

// Between attempts to reach a store that is away.
const RETRY_AFTER_MS = 250;

/** Whether a store says that another server has the session. */
export function isNotOwned(error: unknown): boolean {
  return error instanceof JstpError && error.code === NOT_OWNED;
}

/**
 * Stores a connection's session, however long the store is away.
 * @param onFailure told of the first failure
 * @throws the store's error where another server has the session; where the session has left the connection, or its state
 * cannot be written at all
 */
export async function saveWithRetry(
  provider: SharedSessionStorageProvider<Connection>,
  connection: Connection,
  onFailure: (error: unknown) => void,
): Promise<void> {
  for (let isReported = false; ; isReported = true) {
    const { session } = connection;
    if (session?.connection !== connection || connection.isSessionOver)
      throw new Error('The session has left the connection');
    try {
      await provider.save(session.id, session);
      return;
    } catch (error) {
      if (isNotOwned(error) || error instanceof SessionStateError) throw error;
      if (!isReported) onFailure(error);
      await new Promise<void>((resolve) => startTimer(RETRY_AFTER_MS, resolve));
    }
  }
}
