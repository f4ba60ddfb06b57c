import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { isUsername } from '../../protocol/name-rules.js';
import { isThenable } from '../../util/callback.js';
import { AuthError, describe, refusalOf, type Refusal } from './refusal.js';

/** Takes the answer of an auth policy: an error, or a yes as {@link AuthPolicyFunction} describes it. */
export type AuthCallback = (error: unknown, username?: string | boolean | null) => void;

/**
 * Decides on a handshake: calls back, or returns a Promise. The first answer counts.
 *
 * Only an explicit yes lets a client in: the user's name, or `true` for the strategies that need no name ('anonymous'
 * and 'session'). A name is a printable text of 1 to 256 characters and is kept as it is. Everything else refuses:
 * `callback(null)`, `false`, `null`, `0`, `''`, an object, every rejection and every throw. The client of a refusal
 * by a RemoteError gets its code, any other client the code 11. A Promise of undefined is no answer, because an async
 * policy may call back, and neither is what a function returns that is not a Promise; if it does not call back, the
 * handshake's time runs out (`limits.handshakeTimeoutMs`), and the event 'handshakeRefused' says so.
 * @example
 * const authPolicy: AuthPolicyFunction = async (connection, application, strategy, credentials) => {
 *   const [login, password] = credentials as [string, string];
 *   return (await users.check(login, password)) && login;
 * };
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
  /** Decides on a handshake; called as a method of this object. */
  readonly authenticate: AuthPolicyFunction;
  /** Whether the policy decides on anonymous clients too. @default false: they are let in without a question */
  readonly decidesAnonymous?: boolean;
  /** Whether the policy decides on resumes too (strategy 'session'). @default false: the session alone lets them in */
  readonly decidesResume?: boolean;
}

/** Decides on handshakes: a function, or an object with it. */
export type AuthPolicy = AuthPolicyFunction | AuthPolicyObject;

type PolicyCallback = (refusal: Refusal | null, username: string | null) => void;

/** An auth policy with its defaults, in the one form that the server uses. */
export interface ResolvedPolicy {
  readonly decidesAnonymous: boolean;
  readonly decidesResume: boolean;
  /**
   * Asks the policy about a handshake. The callback is called at most once: with a refusal, or with the user's name.
   * @returns what the policy has returned that is no answer, for the log; undefined: it has answered, or will
   */
  ask(
    connection: Connection,
    application: ApplicationLike<Connection>,
    strategy: string,
    credentials: unknown,
    callback: PolicyCallback,
  ): string | undefined;
}

/** Brings a policy into the server's form. Without a policy, anonymous clients and resumes alone are let in. */
export function resolvePolicy(policy: AuthPolicy | null | undefined): ResolvedPolicy {
  const object: AuthPolicyObject =
    typeof policy === 'function' ? { authenticate: policy } : (policy ?? REFUSE_ALL);
  return {
    decidesAnonymous: object.decidesAnonymous ?? false,
    decidesResume: object.decidesResume ?? false,
    ask(connection, application, strategy, credentials, callback) {
      const state = { isAnswered: false };
      const settle: PolicyCallback = (...decision) => {
        if (state.isAnswered) return;
        state.isAnswered = true;
        callback(...decision);
      };
      const refuse = (error: unknown): void => {
        settle(refusalOf(error), null);
      };
      const decide = (answer: unknown): void => {
        const fault = faultOf(answer, strategy);
        if (fault !== undefined) refuse(new AuthError(fault));
        else settle(null, typeof answer === 'string' ? answer : null);
      };
      try {
        const result: unknown = object.authenticate(
          connection,
          application,
          strategy,
          credentials,
          (error, username) => {
            if (error) refuse(error);
            else decide(username);
          },
        );
        if (!isThenable(result))
          return state.isAnswered || result === undefined ? undefined : describe(result);
        Promise.resolve(result).then((answer) => {
          // Why: an async policy that calls back resolves to undefined, which is no answer.
          if (answer !== undefined) decide(answer);
        }, refuse);
      } catch (error) {
        refuse(error);
      }
      return undefined;
    },
  };
}

const REFUSE_ALL: AuthPolicyObject = {
  authenticate: (_connection, _application, strategy, _credentials, callback) => {
    callback(new AuthError(`there is no policy for the strategy ${describe(strategy)}`));
  },
};

/** Returns why an answer does not let the client in; undefined where it does. */
function faultOf(answer: unknown, strategy: string): string | undefined {
  if (typeof answer === 'string' && answer !== '')
    return isUsername(answer) ? undefined : "the user's name is too long, blank or not printable";
  const needsName = strategy !== 'anonymous' && strategy !== 'session';
  if (answer === true) return needsName ? 'no user was named' : undefined;
  return `the policy answered ${describe(answer)}`;
}
