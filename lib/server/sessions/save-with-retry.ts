import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { NOT_OWNED } from '../../session/session-not-owned-error.js';
import { SessionSizeError } from '../../session/session-size-error.js';
import { SessionStateError } from '../../session/session-state-error.js';
import type { SharedSessionStorageProvider } from '../../session/shared-session-storage.js';
import { startTimer } from '../../util/timer.js';

// Between two attempts to save, while the store cannot be reached.
const RETRY_AFTER_MS = 250;

/** Whether an error of a store means that another server has the session. */
export function isNotOwned(error: unknown): boolean {
  return error instanceof JstpError && error.code === NOT_OWNED;
}

/** Whether an error of a store means that no later attempt can do better. */
export function isUnstorable(error: unknown): error is SessionStateError | SessionSizeError {
  return error instanceof SessionStateError || error instanceof SessionSizeError;
}

/**
 * Saves a connection's session, and tries again for as long as the store cannot be reached.
 * @param onFailure called with the first failure
 * @throws SessionNotOwnedError where another server has the session, SessionStateError where the session's state
 * cannot be written, SessionSizeError where it is too large, Error where the session does not belong to the connection any more
 */
export async function saveWithRetry(
  provider: SharedSessionStorageProvider<Connection>,
  connection: Connection,
  onFailure: (error: unknown) => void,
): Promise<void> {
  for (let isReported = false; ; isReported = true) {
    const { session } = connection;
    if (session?.connection !== connection || controlOf(connection).isSessionOver)
      throw new Error('The session has left the connection');
    try {
      await provider.save(session.id, session);
      return;
    } catch (error) {
      if (isNotOwned(error) || isUnstorable(error)) throw error;
      if (!isReported) onFailure(error);
      await new Promise<void>((resolve) => startTimer(RETRY_AFTER_MS, resolve));
    }
  }
}
