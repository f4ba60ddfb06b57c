import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { mergeMap, Observable, of } from 'rxjs';
import { endIterable, isAsyncIterable, pump } from '../../util/pump.js';
import { JstpContext } from '../jstp-context.js';
import { PrintableLogger } from '../printable-logger.js';
import { flowOf } from './iterable-flow.js';

/**
 * Makes an Observable of the async iterable that a handler returns (an async generator, a Node stream), so that the
 * interceptors and filters around it get one value after the other. It is the innermost interceptor of its handler.
 * Messages of other transports pass unchanged.
 */
class AsyncIterableInterceptor implements NestInterceptor {
  private readonly logger = new PrintableLogger('JstpServer');

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const context: unknown = execution.getType() === 'rpc' ? execution.switchToRpc().getContext() : undefined;
    const result = next.handle();
    if (!(context instanceof JstpContext)) return result;
    return result.pipe(
      mergeMap((value: unknown) =>
        typeof value === 'object' && value !== null && isAsyncIterable(value)
          ? this.valuesOf(value, context)
          : of(value),
      ),
    );
  }

  private valuesOf(iterable: AsyncIterable<unknown>, context: JstpContext): Observable<unknown> {
    return new Observable((subscriber) => {
      const iterator = iterable[Symbol.asyncIterator]();
      const flow = flowOf(context);
      let isOver = false;
      const endIterator = (): void => {
        if (isOver) return;
        isOver = true;
        // What a generator throws while it is ended cannot be an answer, and is logged.
        const ended = endIterable(iterable, iterator).catch((error: unknown) => {
          this.logger.error(error);
        });
        context.getArgs()[2].runsUntil?.(ended);
      };
      const sink = {
        ready: async (): Promise<boolean> => !subscriber.closed && flow.ready(),
        write: (value: unknown): void => {
          subscriber.next(value);
        },
      };
      pump(iterator, sink).then(
        (isDone) => {
          isOver ||= isDone;
          subscriber.complete();
        },
        (error: unknown) => {
          isOver = true;
          subscriber.error(error);
        },
      );
      return endIterator;
    });
  }
}

/** The interceptor of all handlers. Why one is enough: it holds no state. */
export const asyncIterableInterceptor: NestInterceptor = new AsyncIterableInterceptor();
