import {
  Catch,
  UseFilters,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { throwError, tap, type Observable } from 'rxjs';
import { PATTERN_EXTRAS_METADATA } from '../constants.js';
import { jstpExtrasOf } from '../decorators/handler-extras.js';
import { JstpContext } from '../jstp-context.js';
import type { Registration } from '../server/registration.js';
import { HandshakeRun } from './handshake-run.js';

/** Matches no error, but is asked about each that is thrown. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Nest asks by `instanceof`, which takes a class
class EveryError {
  static [Symbol.hasInstance](error: unknown): boolean {
    HandshakeRun.noteError(error);
    return false;
  }
}

/** Never catches: Nest asks the filters in turn whether an error is theirs, and this one first. */
@Catch(EveryError)
class ErrorsOfHandshakes implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * The innermost interceptor of a handshake handler: it hears the handler's own answer, and gives the handler and
 * its pipes the credentials, where guards and other interceptors have seen `{ strategy, credentials }`.
 */
class AnswersOfHandshakes implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const context: unknown = execution.getType() === 'rpc' ? execution.switchToRpc().getContext() : undefined;
    const run = context instanceof JstpContext ? HandshakeRun.of(context) : undefined;
    if (!run) return next.handle();
    const args: unknown[] = execution.getArgs();
    args[0] = (context as JstpContext).getHandshake()?.credentials;
    return next.handle().pipe(
      tap((value) => {
        run.noteAnswer(value);
      }),
    );
  }
}

const prepared = new WeakSet<object>();
const errors = new ErrorsOfHandshakes();
const answers = new AnswersOfHandshakes();

/**
 * Has the handshake handlers of an application followed by {@link HandshakeRun}. Nest asks the last filter of a method
 * first and the last interceptor last: that is why this is done when all decorators have run.
 */
export function followHandshakes({ methods }: Registration): void {
  for (const { method, name } of methods) {
    const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as Record<string, unknown>;
    if (!jstpExtrasOf(extras).handshake || prepared.has(method)) continue;
    prepared.add(method);
    const descriptor = { value: method };
    UseFilters(errors)({}, name, descriptor);
    UseInterceptors(answers)({}, name, descriptor);
  }
}
