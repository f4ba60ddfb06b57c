import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { isUsername } from '../../protocol/name-rules.js';
import { isThenable } from '../../util/callback.js';
import { AuthError, describe, refusalOf, type Refusal } from './refusal.js';

/** How an auth policy answers: with an error, or with a yes (see {@link AuthPolicyFunction}). */
export type AuthCallback = (error: unknown, username?: string | boolean | null) => void;

/**
 * Decides on a handshake: calls back, or returns a Promise. The first answer counts.
 *
 * Only an explicit yes is a yes: the user's name or, for the strategies that need none ('anonymous' and
 * 'session'), `true`. A name is a printable text of 1 to 256 characters and is taken as it is. All else
 * refuses: `callback(null)`, `false`, `null`, `0`, `''`, an object, each rejection and each throw, with or
 * without a reason. A RemoteError keeps its code, any other refusal is the code 11. Only a Promise of undefined
 * is no answer, because an async policy may call back: without a callback the handshake's time runs out.
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
  /** Whether it is asked about anonymous clients too; `true` lets them in without a name. @default false: they are let in */
  readonly decidesAnonymous?: boolean;
  /** Whether it is asked about resumes too (strategy 'session'); `true` lets them in. @default false */
  readonly decidesResume?: boolean;
}

/** An auth policy. */
export type AuthPolicy = AuthPolicyFunction | AuthPolicyObject;

type PolicyCallback = (refusal: Refusal | null, username: string | null) => void;

/** An auth policy in the one form that the server asks. */
export interface ResolvedPolicy {
  readonly decidesAnonymous: boolean;
  readonly decidesResume: boolean;
  /** Asks; the callback is called once, with the refusal or with the name. */
  ask(
    connection: Connection,
    application: ApplicationLike<Connection>,
    strategy: string,
    credentials: unknown,
    callback: PolicyCallback,
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
      let isAnswered = false;
      const settle: PolicyCallback = (...decision) => {
        if (isAnswered) return;
        isAnswered = true;
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
        if (!isThenable(result)) return;
        Promise.resolve(result).then((answer) => {
          // An async policy that calls back resolves to nothing: that is no answer.
          if (answer !== undefined) decide(answer);
        }, refuse);
      } catch (error) {
        refuse(error);
      }
    },
  };
}

const REFUSE_ALL: AuthPolicyObject = {
  authenticate: (_connection, _application, strategy, _credentials, callback) => {
    callback(new AuthError(`there is no policy for the strategy ${describe(strategy)}`));
  },
};

/** Why an answer does not let in; undefined for one that does. */
function faultOf(answer: unknown, strategy: string): string | undefined {
  if (typeof answer === 'string' && answer !== '')
    return isUsername(answer) ? undefined : "the user's name is too long, blank or not printable";
  const needsName = strategy !== 'anonymous' && strategy !== 'session';
  if (answer === true) return needsName ? 'no user was named' : undefined;
  return `the policy answered ${describe(answer)}`;
}
