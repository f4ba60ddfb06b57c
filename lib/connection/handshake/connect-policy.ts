import { ERR_NO_HANDSHAKE_RESPONSE } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import { isThenable } from '../../util/callback.js';
import type {
  AppSpecifier,
  Connection,
  ConnectPolicyCallback,
  ConnectPolicyFunction,
} from '../connection.js';
import { controlOf } from '../control.js';

/**
 * Asks a connect policy to shake hands, and calls back once: with its answer, with what it throws, or with -2
 * when the transport is lost before it has answered.
 */
export function runConnectPolicy(
  policy: ConnectPolicyFunction,
  app: AppSpecifier,
  connection: Connection,
  session: Session<Connection> | null | undefined,
  callback: ConnectPolicyCallback,
): void {
  let isAnswered = false;
  const answer: ConnectPolicyCallback = (...outcome) => {
    if (isAnswered) return;
    isAnswered = true;
    connection.off('close', onClose);
    callback(...outcome);
  };
  const onClose = (): void => {
    answer(new RemoteError(ERR_NO_HANDSHAKE_RESPONSE), connection);
  };
  const fail = (error: unknown): void => {
    if (isAnswered) return;
    controlOf(connection).end('abandoned');
    // The policy may have thrown undefined, which would mean success.
    answer(error ? error : new RemoteError(ERR_NO_HANDSHAKE_RESPONSE), connection);
  };
  connection.on('close', onClose);
  try {
    const result: unknown = policy(app, connection, session, answer);
    if (isThenable(result)) result.then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}
