import { afterEach, expect, test } from '@jest/globals';
import {
  Controller,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type INestMicroservice,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { catchError, from, map, NEVER, of, tap, throwError, timeout, type Observable } from 'rxjs';
import { observe, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** The order in which Nest ran what stands around a handler. */
const trace: string[] = [];

class Tracing implements NestInterceptor {
  constructor(private readonly name: string) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    trace.push(`${this.name} before ${context.getHandler().name}`);
    return next.handle().pipe(
      tap({
        next: (value) => trace.push(`${this.name} saw ${JSON.stringify(value)}`),
        complete: () => trace.push(`${this.name} after`),
      }),
    );
  }
}

@Injectable()
class Doubling implements NestInterceptor<number, number> {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}

class Replacing implements NestInterceptor {
  intercept(): Observable<unknown> {
    return from(['not', 'called']);
  }
}

class Impatient implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const tooLate = new RpcException({ code: 408, message: 'too late' });
    return next.handle().pipe(timeout({ first: 10, with: () => throwError(() => tooLate) }));
  }
}

class Recovering implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError((error: unknown) => of(`recovered from ${String(error)}`)));
  }
}

/** Acts only where the payload asks for it, so that the other handlers stay as they are. */
class Global implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const wanted = context.switchToRpc().getData<unknown>() === 'wrap';
    return wanted ? next.handle().pipe(map((value) => ({ wrapped: value }))) : next.handle();
  }
}

@UseInterceptors(new Tracing('outer'))
@Controller()
class InterceptedController {
  @UseInterceptors(new Tracing('inner'))
  @MessagePattern('traced')
  traced(@Payload() data: number): number {
    trace.push('handler');
    return data;
  }

  @UseInterceptors(Doubling)
  @MessagePattern('doubled values')
  doubled(): Observable<number> {
    return of(1, 2, 3);
  }

  @UseInterceptors(Replacing)
  @MessagePattern('replaced')
  replaced(): string {
    trace.push('handler');
    return 'unreachable';
  }

  @UseInterceptors(Impatient)
  @MessagePattern('slow')
  slow(): Observable<never> {
    return NEVER;
  }

  @UseInterceptors(Recovering)
  @MessagePattern('recovered')
  recovered(): never {
    throw new Error('trouble');
  }

  @MessagePattern('plain')
  plain(): string {
    return 'plain';
  }
}

export function describeInterceptors(transport: TransportUnderTest): void {
  const setup = {
    controllers: [InterceptedController],
    providers: [{ provide: APP_INTERCEPTOR, useClass: Global }],
    configure: (app: INestMicroservice): void => {
      app.useGlobalInterceptors(new Global());
    },
  };
  describeService('interceptors', transport, setup, (started) => {
    const send = (pattern: string, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);
    afterEach(() => {
      trace.length = 0;
    });

    test('interceptors of class and method run outside in, and inside out', async () => {
      expect(await valuesOf(send('traced', 5))).toEqual([5]);
      expect(trace).toEqual([
        'outer before traced',
        'inner before traced',
        'handler',
        'inner saw 5',
        'outer saw 5',
        'inner after',
        'outer after',
      ]);
    });

    test('an interceptor transforms every value of an Observable', async () => {
      expect(await valuesOf(send('doubled values'))).toEqual([2, 4, 6]);
    });

    test('an interceptor may answer instead of the handler', async () => {
      expect(await valuesOf(send('replaced'))).toEqual(['not', 'called']);
      expect(trace).not.toContain('handler');
    });

    test('a timeout in an interceptor answers for a handler that does not', async () => {
      const observed = await observe(send('slow')).end();
      expect(observed.failure?.error).toStrictEqual({ code: 408, message: 'too late' });
    });

    test('an interceptor may recover from the error of a handler', async () => {
      expect(await valuesOf(send('recovered'))).toEqual(['recovered from Error: trouble']);
    });

    test('global interceptors, of the application and of the container, wrap every handler', async () => {
      expect(await valuesOf(send('plain', 'wrap'))).toEqual([{ wrapped: { wrapped: 'plain' } }]);
      expect(await valuesOf(send('plain', 'no'))).toEqual(['plain']);
    });
  });
}
