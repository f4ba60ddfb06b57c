import { ERR_AUTH_FAILED } from '../../protocol/error-codes.js';
import { MAX_NAME_SHOWN } from '../../protocol/limits.js';
import type { HandshakeRequest } from '../../protocol/message.js';
import { UNMATCHABLE_VERSION } from '../../protocol/parse-message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { toSafeString } from '../../protocol/safe-string.js';
import { toLogText } from '../../util/log-text.js';

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
  const reason = `the policy refused it with ${describe(error)}`;
  return { error: error instanceof RemoteError ? error : new RemoteError(ERR_AUTH_FAILED), reason };
}

/** What is refused: an unknown application, a login, a resume; or a resume that nobody can decide on now. */
export type RefusalKind = 'application' | 'login' | 'session' | 'later';

/** A handshake that was refused. All texts are printable and short, whatever the peer has sent. */
export interface RefusedHandshake {
  readonly kind: RefusalKind;
  /** The application that was asked for: 'name', or 'name@range'. */
  readonly application: string;
  readonly strategy: string;
  /** The code that the peer was told; undefined where it was told nothing, so that it asks again. */
  readonly code: number | undefined;
  /** Why, for the server's log. The peer is not told. */
  readonly reason: string;
}

/** Brings a refusal into the form of the event. */
export function refusedHandshake(
  { application, version, strategy }: HandshakeRequest,
  kind: RefusalKind,
  code: number | undefined,
  reason: string,
): RefusedHandshake {
  const isReadable = version && version !== UNMATCHABLE_VERSION;
  const asked = isReadable ? `${application}@${version}` : application;
  const [shownApplication, shownStrategy] = [asked, strategy].map((name) => toLogText(name, MAX_NAME_SHOWN));
  return {
    kind,
    application: shownApplication,
    strategy: shownStrategy,
    code,
    reason: toLogText(reason),
  };
}

/** A value as a log may show it: an error's text, but no other objects, as they may hold credentials. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${toLogText(value, MAX_NAME_SHOWN)}'`;
  if (value instanceof Error) return toSafeString(value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : toSafeString(value);
}
