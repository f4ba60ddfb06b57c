import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { firstValueFrom, isObservable, lastValueFrom } from 'rxjs';
import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { AuthCallback, AuthPolicy, AuthPolicyObject } from '../../server/handshake/auth-policy.js';
import { AuthError, describe } from '../../server/handshake/refusal.js';
import type { HandshakeRoute } from './application-routes.js';
import { GuardExecutionContext } from './guard-execution-context.js';
import type { GuardSource } from './guard-source.js';
import { HandshakeRun } from '../handling/handshake-run.js';
import { JstpContext, type JstpHandshakeData } from '../jstp-context.js';
import type { RouteTable } from './route-table.js';

/** What decides on handshakes, in the order in which it is asked. */
export interface HandshakeDeciders {
  /** The table with the `@JstpHandshake` handlers. */
  readonly routes: RouteTable;
  /** The guard of the `authPolicy`. */
  readonly guard: GuardSource | undefined;
  /** The function or object of the `authPolicy`. */
  readonly policy: AuthPolicy | undefined;
  /** Whether anonymous clients are let in without a question. */
  readonly allowAnonymous: boolean;
  /** Whether resumes are decided on, too. */
  readonly authorizeResume: boolean;
  /** Reports an error that the client is not told of. */
  readonly report: (error: unknown) => void;
}

type Application = ApplicationLike<Connection>;

/**
 * The auth policy that the core asks: the application's `@JstpHandshake` handlers decide, then the guard, function or
 * object of the `authPolicy`. A handshake on which none of them decides is refused.
 */
export class HandshakePolicy implements AuthPolicyObject {
  readonly decidesAnonymous: boolean;
  readonly decidesResume: boolean;
  private readonly policy: AuthPolicyObject | undefined;

  constructor(private readonly deciders: HandshakeDeciders) {
    const { routes, guard, policy, allowAnonymous, authorizeResume } = deciders;
    this.policy = typeof policy === 'function' ? { authenticate: policy } : policy;
    const asksAnonymous =
      guard !== undefined || routes.hasHandshakes || this.policy?.decidesAnonymous === true;
    this.decidesAnonymous = asksAnonymous && !allowAnonymous;
    this.decidesResume = authorizeResume || this.policy?.decidesResume === true;
  }

  readonly authenticate = (
    connection: Connection,
    application: Application,
    strategy: string,
    credentials: unknown,
    callback: AuthCallback,
  ): unknown => {
    const data: JstpHandshakeData = { strategy, credentials };
    const handshakes = this.deciders.routes.find(application.name, application.version)?.handshakes;
    const route = handshakes?.get(strategy) ?? handshakes?.get(undefined);
    if (route) return this.askHandler(route, contextOf(connection, data), data);
    const { guard } = this.deciders;
    if (guard) return this.askGuard(guard, contextOf(connection, data), data);
    const { policy } = this;
    if (!policy || !this.decidesOn(policy, strategy))
      throw new AuthError(
        `no @JstpHandshake handler and no authPolicy decides on the strategy ${describe(strategy)}`,
      );
    return policy.authenticate(connection, application, strategy, credentials, callback);
  };

  /**
   * Whether a policy decides on a strategy. Why not on 'anonymous' and 'session': policies of JSTP do so only if they
   * say so.
   */
  private decidesOn(policy: AuthPolicyObject, strategy: string): boolean {
    if (strategy === 'anonymous') return policy.decidesAnonymous === true;
    if (strategy === 'session') return this.decidesResume;
    return true;
  }

  private async askHandler(
    { handler }: HandshakeRoute,
    context: JstpContext,
    data: JstpHandshakeData,
  ): Promise<string | true> {
    const run = new HandshakeRun(context);
    let answer: unknown;
    try {
      const result: unknown = await run.follow(() => handler(data, context) as unknown);
      answer = isObservable(result)
        ? await run.follow(() => firstValueFrom(result, { defaultValue: undefined }))
        : result;
    } catch (error) {
      // Why `thrown` first: a filter may have made another error of it. Nest's filters have logged it, where needed.
      throw asRemoteError(error) ?? refusedWith(run.thrown ?? { value: error });
    }
    if (run.thrown) throw asRemoteError(run.thrown.value) ?? refusedWith(run.thrown);
    if (!run.answer) throw new AuthError('the handshake handler has not answered');
    // Both have to be a yes: interceptors may refuse, but they must not turn the handler's refusal into a yes.
    return yesOf(run.answer.value, context) && yesOf(answer, context);
  }

  private async askGuard(
    guardSource: GuardSource,
    context: JstpContext,
    data: JstpHandshakeData,
  ): Promise<string | true> {
    let answer: unknown;
    try {
      const guard = await guardSource.guardFor(data, context);
      answer = await guard.canActivate(new GuardExecutionContext(guard, data, context));
      if (isObservable(answer)) answer = await lastValueFrom(answer, { defaultValue: undefined });
    } catch (error) {
      const isMeant =
        error instanceof RpcException || error instanceof HttpException || error instanceof RemoteError;
      if (!isMeant) this.deciders.report(error);
      throw asRemoteError(error) ?? new AuthError(`the guard threw ${describe(error)}`);
    }
    if (answer !== true) throw new AuthError(`the guard answered ${describe(answer)}`);
    return context.namedUser ?? firstCredential(data) ?? true;
  }
}

/**
 * Returns the user's name of a handler's answer that lets the client in; true where the answer names no user.
 * @throws AuthError for any other answer
 */
function yesOf(answer: unknown, context: JstpContext): string | true {
  if (typeof answer === 'string' && answer !== '') return answer;
  // A handler that has set a name need not return it.
  const isYes = answer === true || (answer === undefined && context.namedUser !== undefined);
  if (!isYes) throw new AuthError(`the handshake handler answered ${describe(answer)}`);
  return context.namedUser ?? true;
}

function refusedWith({ value }: { readonly value: unknown }): AuthError {
  return new AuthError(`the handshake handler or what guards it threw ${describe(value)}`);
}

function contextOf(connection: Connection, handshake: JstpHandshakeData): JstpContext {
  return new JstpContext([connection, `handshake:${handshake.strategy}`, { handshake }]);
}

/** Returns the name that a client logs in with: the user of a guard that lets a login pass without setting a name. */
function firstCredential({ strategy, credentials }: JstpHandshakeData): string | null {
  const first: unknown = strategy === 'login' && Array.isArray(credentials) ? credentials[0] : undefined;
  return typeof first === 'string' && first !== '' ? first : null;
}

/** Returns the RemoteError that was thrown, or that an RpcException carries; undefined where there is none. */
function asRemoteError(error: unknown): RemoteError | undefined {
  const carried: unknown = error instanceof RpcException ? error.getError() : error;
  return carried instanceof RemoteError ? carried : undefined;
}
