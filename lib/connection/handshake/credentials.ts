import { LiveSession } from '../../session/live-session.js';
import type { Session } from '../../session/session.js';

/**
 * How a client shows who it is.
 * @typeParam C the connection's type
 */
export interface Credentials<C> {
  /** 'anonymous', 'login', or what the server's policy knows. */
  readonly strategy: string;
  readonly credentials: unknown;
  /** The name that the connection has after a login. */
  readonly username: string | null;
  /** Set where a session is resumed. */
  readonly resumed: Session<C> | undefined;
}

/** The credentials of a client that gives no name. */
const ANONYMOUS: Credentials<never> = {
  strategy: 'anonymous',
  credentials: undefined,
  username: null,
  resumed: undefined,
};

/** The credentials of a login. */
function loginCredentials(login: string, password: string | null | undefined): Credentials<never> {
  return { strategy: 'login', credentials: [login, password ?? ''], username: login, resumed: undefined };
}

/** The credentials of a session that comes back. */
function resumeCredentials<C>(session: Session<C>): Credentials<C> {
  const credentials: unknown[] = [session.id, session.receivedCount];
  if (session.binding?.extensions.includes('resume')) {
    const { by, count } = session.nextClaim();
    credentials.push([by, count]);
  }
  return { strategy: 'session', credentials, username: session.username, resumed: session };
}

/** The credentials of what a user logs in with: a name, or a session that comes back; nothing: the client gives no name. */
export function credentialsOf<C>(
  login: string | Session<C> | null | undefined,
  password: string | null | undefined,
): Credentials<C> {
  if (login instanceof LiveSession) return resumeCredentials(login);
  return login ? loginCredentials(login, password) : ANONYMOUS;
}
