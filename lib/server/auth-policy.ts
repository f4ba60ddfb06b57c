import type { ApplicationLike } from '../application/application.js';
import type { Connection } from '../connection/connection.js';
import { ERR_AUTH_FAILED } from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import { isThenable } from '../util/callback.js';

/** How an auth policy answers: an error, or the user's name. */
export type AuthCallback = (error: unknown, username?: string | null) => void;

/**
 * Decides on a handshake: calls back, or returns a Promise of the user's name. A RemoteError keeps its
 * code, any other error is the code 11; so is an empty name.
 */
export type AuthPolicyFunction = (
  connection: Connection,
  application: ApplicationLike<Connection>,
  strategy: string,
  credentials: unknown,
  callback: AuthCallback,
) => unknown;

/** An auth policy as an object. */
export interface AuthPolicyObject {
  readonly authenticate: AuthPolicyFunction;
  /** Whether it is asked about anonymous clients too, whose yes needs no name. @default false: they are let in */
  readonly decidesAnonymous?: boolean;
  /** Whether it is asked about resumes too (strategy 'session'), whose yes needs no name. @default false */
  readonly decidesResume?: boolean;
}

/** An auth policy. */
export type AuthPolicy = AuthPolicyFunction | AuthPolicyObject;

/** An auth policy in the one form that the server asks. */
export interface ResolvedPolicy {
  readonly decidesAnonymous: boolean;
  readonly decidesResume: boolean;
  /** Asks; the callback is called once, with the wire's error or with the name. */
  ask(
    connection: Connection,
    application: ApplicationLike<Connection>,
    strategy: string,
    credentials: unknown,
    callback: (error: RemoteError | null, username: string | null) => void,
  ): void;
}

/** Brings a policy into the server's form; without one every strategy is refused but anonymous and session. */
export function resolvePolicy(policy: AuthPolicy | null | undefined): ResolvedPolicy {
  const object: AuthPolicyObject =
    typeof policy === 'function' ? { authenticate: policy } : (policy ?? REFUSE_ALL);
  return {
    decidesAnonymous: object.decidesAnonymous ?? false,
    decidesResume: object.decidesResume ?? false,
    ask(connection, application, strategy, credentials, callback) {
      const needsName = strategy !== 'anonymous' && strategy !== 'session';
      let isAnswered = false;
      const answer: AuthCallback = (error, username) => {
        if (isAnswered) return;
        isAnswered = true;
        if (error) callback(refusalOf(error), null);
        else if (needsName && !username) callback(new RemoteError(ERR_AUTH_FAILED), null);
        else callback(null, username || null);
      };
      try {
        const result: unknown = object.authenticate(connection, application, strategy, credentials, answer);
        if (isThenable(result)) result.then(answerWithName(answer), answer);
      } catch (error) {
        answer(error);
      }
    },
  };
}

const REFUSE_ALL: AuthPolicyObject = {
  authenticate: (_connection, _application, _strategy, _credentials, callback) => {
    callback(new RemoteError(ERR_AUTH_FAILED));
  },
};

/** An async policy that calls back as well resolves to nothing: that is no answer. */
function answerWithName(answer: AuthCallback): (username: unknown) => void {
  return (username) => {
    if (username !== undefined) answer(null, typeof username === 'string' ? username : null);
  };
}

function refusalOf(error: unknown): RemoteError {
  return error instanceof RemoteError ? error : new RemoteError(ERR_AUTH_FAILED);
}
