import { ERR_AUTH_FAILED } from '../../protocol/error-codes.js';
import { MAX_NAME_SHOWN } from '../../protocol/limits.js';
import type { HandshakeRequest } from '../../protocol/message.js';
import { UNMATCHABLE_VERSION } from '../../protocol/parse-message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { toSafeString } from '../../protocol/safe-string.js';
import { toLogText } from '../../util/log-text.js';

/** Why a client is not let in. The error goes to the peer, the reason to the server's log. */
export interface Refusal {
  readonly error: RemoteError;
  readonly reason: string;
}

/** Refuses a handshake with the code 11. Its reason is for the server's log alone. */
export class AuthError extends RemoteError {
  /** @param reason goes to the server's log, never to the peer */
  constructor(readonly reason: string) {
    super(ERR_AUTH_FAILED);
  }
}

/**
 * Makes a refusal of what a policy has called back or thrown: a RemoteError keeps its code, anything else is the code
 * 11.
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof AuthError) return { error, reason: error.reason };
  const reason = `the policy refused it with ${describe(error)}`;
  return { error: error instanceof RemoteError ? error : new RemoteError(ERR_AUTH_FAILED), reason };
}

/**
 * What was refused: `'application'`, an unknown application; `'login'`; `'session'`, a resume; `'later'`, a resume that
 * cannot be decided now: the client is told nothing and asks again; `'limit'`, a login that was not decided because too
 * many have failed; `'full'`, a login or a resume for which there is no room, as the server has too many sessions.
 */
export type RefusalKind = 'application' | 'login' | 'session' | 'later' | 'limit' | 'full';

/** A handshake that was refused. All texts are printable and short, whatever the peer has sent. */
export interface RefusedHandshake {
  /** What was refused. */
  readonly kind: RefusalKind;
  /** The application that the client asked for: 'name', or 'name@range'. */
  readonly application: string;
  /** The handshake's strategy: 'anonymous', 'login', 'session', or one of the server's policy. */
  readonly strategy: string;
  /**
   * The code that the client was told; undefined where it was told nothing: it asks again, or the policy has returned what
   * is no answer.
   */
  readonly code: number | undefined;
  /** Why, for the server's log. The client is not told. */
  readonly reason: string;
}

/** Makes the argument of the event 'handshakeRefused'. */
export function refusedHandshake(
  request: HandshakeRequest,
  kind: RefusalKind,
  code: number | undefined,
  reason: string,
): RefusedHandshake {
  return { kind, ...askedFor(request), code, reason: toLogText(reason) };
}

/** What a handshake asks for, in printable and short texts. */
export function askedFor({
  application,
  version,
  strategy,
}: Pick<HandshakeRequest, 'application' | 'version' | 'strategy'>): {
  readonly application: string;
  readonly strategy: string;
} {
  const isReadable = version && version !== UNMATCHABLE_VERSION;
  const asked = isReadable ? `${application}@${version}` : application;
  return {
    application: toLogText(asked, MAX_NAME_SHOWN),
    strategy: toLogText(strategy, MAX_NAME_SHOWN),
  };
}

/** Describes a value for a log: an error by its text. Other objects are not shown, as they may hold credentials. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${toLogText(value, MAX_NAME_SHOWN)}'`;
  if (value instanceof Error) return toSafeString(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : toSafeString(value);
}
