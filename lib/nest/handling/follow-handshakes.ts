import {
  Catch,
  UseFilters,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { defer, throwError, tap, type Observable } from 'rxjs';
import { INTERCEPTORS_METADATA, PATTERN_EXTRAS_METADATA } from '../constants.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import { JstpContext } from '../jstp-context.js';
import type { Registration } from '../server/registration.js';
import { HandshakeRun } from './handshake-run.js';

/** Matches no error. Why it exists: Nest asks it about each error that is thrown, before a filter gets the error. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Nest asks by `instanceof`, which takes a class
class EveryError {
  static [Symbol.hasInstance](error: unknown): boolean {
    HandshakeRun.noteErrorUnderWay(error);
    return false;
  }
}

/** Never catches an error, but is the first filter that Nest asks whether an error is its own. */
@Catch(EveryError)
class ErrorsOfHandshakes implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * The innermost interceptor of a handshake handler: it notes the handler's own answer. It also gives the credentials
 * to the handler and its pipes, whereas guards and other interceptors get `{ strategy, credentials }`.
 */
class AnswersOfHandshakes implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const context = contextOf(execution);
    const run = context && HandshakeRun.of(context);
    if (!run) return next.handle();
    const args: unknown[] = execution.getArgs();
    const data = args[0];
    const restore = (): void => {
      args[0] = data;
    };
    return defer(() => {
      args[0] = context.getHandshake()?.credentials;
      return next.handle();
    }).pipe(
      tap({
        next: (value) => {
          restore();
          run.noteAnswer(value);
        },
        error: restore,
        complete: restore,
      }),
    );
  }
}

/**
 * The outermost interceptor of a handshake handler. Only what passes it is an answer. Why: what a filter makes of an
 * error passes no interceptor, in whatever async context the error was thrown.
 */
class OutcomesOfHandshakes implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const context = contextOf(execution);
    const run = context && HandshakeRun.of(context);
    if (!run?.isOutermost(this)) return next.handle();
    return next.handle().pipe(
      tap({
        next: (value) => {
          run.noteOutcome(value);
        },
        error: (error: unknown) => {
          run.noteError(error);
        },
      }),
    );
  }
}

const prepared = new WeakSet<object>();
const errors = new ErrorsOfHandshakes();
const answers = new AnswersOfHandshakes();
/**
 * One outermost interceptor for each level. Why: a handler that two classes inherit may have it at different levels.
 */
const outcomes = {
  application: new OutcomesOfHandshakes(),
  controller: new OutcomesOfHandshakes(),
  method: new OutcomesOfHandshakes(),
};

/**
 * Adds the filter and the interceptors by which {@link HandshakeRun} follows handshake handlers. Call it when all
 * decorators have run. Why: Nest asks the last filter of a method first, and its last interceptor last.
 */
export function followHandshakes({ methods, putOutermost }: Registration): void {
  let areAny = false;
  for (const { controller, method, name } of methods) {
    const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as Record<string, unknown>;
    if (!jstpExtrasOf(extras).handshake) continue;
    areAny = true;
    if (Reflect.hasMetadata(INTERCEPTORS_METADATA, controller)) putFirst(outcomes.controller, controller);
    if (prepared.has(method)) continue;
    prepared.add(method);
    const descriptor = { value: method };
    UseFilters(errors)({}, name, descriptor);
    UseInterceptors(answers)({}, name, descriptor);
    putFirst(outcomes.method, method);
  }
  if (areAny) putOutermost(outcomes.application);
}

/** Puts an interceptor outside of those of a class or a method. */
function putFirst(interceptor: NestInterceptor, target: object): void {
  const known = (Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []) as readonly unknown[];
  if (!known.includes(interceptor))
    Reflect.defineMetadata(INTERCEPTORS_METADATA, [interceptor, ...known], target);
}

function contextOf(execution: ExecutionContext): JstpContext | undefined {
  const context: unknown = execution.getType() === 'rpc' ? execution.switchToRpc().getContext() : undefined;
  return context instanceof JstpContext ? context : undefined;
}
