import { ERR_AUTH_FAILED } from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import { safeText } from '../protocol/safe-text.js';

/** Why somebody is not let in: the peer is told the error, the server's log the reason. */
export interface Refusal {
  readonly error: RemoteError;
  readonly reason: string;
}

/** Refuses a handshake by the code 11, and says to the server's own log why. */
export class AuthError extends RemoteError {
  /** @param reason for the log of the server: the peer is never told */
  constructor(readonly reason: string) {
    super(ERR_AUTH_FAILED);
  }
}

/** What an error means with which somebody refuses: a RemoteError keeps its code, any other is the code 11. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof AuthError) return { error, reason: error.reason };
  const reason = `the policy refused it with ${error instanceof Error ? safeText(error) : describe(error)}`;
  return { error: error instanceof RemoteError ? error : new RemoteError(ERR_AUTH_FAILED), reason };
}

/** A value as a log may show it: no objects, as they may hold credentials. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : safeText(value);
}
