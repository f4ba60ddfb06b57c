import { expect, test } from '@jest/globals';
import {
  BadRequestException,
  Controller,
  HttpException,
  NotFoundException,
  ParseIntPipe,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { concat, of, tap, throwError, type Observable } from 'rxjs';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const SECRET = 'select * from users where password = 1';
const INTERNAL = { status: 'error', message: 'Internal server error' };

class QuotaException extends RpcException {
  constructor() {
    super({ code: 'QUOTA', limit: 3 });
  }
}

const asSent = (error: unknown): unknown => JSON.parse(JSON.stringify(error));
const httpError = new BadRequestException(['first', 'second'], 'described');

/** What a handler throws, and what the error callback of the subscriber receives. */
const THROWN: readonly (readonly [title: string, thrown: () => unknown, received: unknown])[] = [
  ['an RpcException of a string', () => new RpcException('no'), { status: 'error', message: 'no' }],
  ['an RpcException of an empty string', () => new RpcException(''), { status: 'error', message: '' }],
  [
    'an RpcException of an object',
    () => new RpcException({ code: 7, message: 'seven', details: [{ field: 'a' }, null], ok: false }),
    { code: 7, message: 'seven', details: [{ field: 'a' }, null], ok: false },
  ],
  [
    'an RpcException of an object without a message',
    () => new RpcException({ reason: 'x' }),
    { reason: 'x' },
  ],
  ['an RpcException of an empty object', () => new RpcException({}), {}],
  ['an RpcException of an array', () => new RpcException([1, 'two']), [1, 'two']],
  ['an RpcException of an Error', () => new RpcException(new Error(SECRET)), {}],
  [
    'an RpcException of an Error with own fields',
    () => new RpcException(Object.assign(new Error(SECRET), { code: 'E1', status: 409 })),
    { code: 'E1', status: 409 },
  ],
  ['an RpcException of an HttpException', () => new RpcException(httpError), asSent(httpError)],
  [
    'an RpcException of code zero',
    () => new RpcException({ code: 0, message: 'zero' }),
    { code: 0, message: 'zero' },
  ],
  [
    'an RpcException of a code of text',
    () => new RpcException({ code: 'E', message: 5 }),
    { code: 'E', message: 5 },
  ],
  ['an RpcException of a negative code', () => new RpcException({ code: -1 }), { code: -1 }],
  ['a class of its own made of RpcException', () => new QuotaException(), { code: 'QUOTA', limit: 3 }],
  ['an Error', () => new Error(SECRET), INTERNAL],
  ['a TypeError', () => new TypeError(SECRET), INTERNAL],
  ['an Error with a code', () => Object.assign(new Error(SECRET), { code: 17, status: 400 }), INTERNAL],
  ['an HttpException', () => new HttpException(SECRET, 418), INTERNAL],
  ['a NotFoundException', () => new NotFoundException(SECRET), INTERNAL],
  ['a string', () => SECRET, INTERNAL],
  ['a number', () => 5, INTERNAL],
  ['undefined', () => undefined, INTERNAL],
  ['null', () => null, INTERNAL],
  ['an object', () => ({ status: 'error', message: SECRET }), INTERNAL],
];

class AfterError implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap(() => {
        throw new RpcException('of the interceptor');
      }),
    );
  }
}

class BeforeError implements NestInterceptor {
  intercept(): Observable<unknown> {
    throw new Error(SECRET);
  }
}

function thrownBy(index: number): unknown {
  return THROWN[index]?.[1]();
}

@Controller()
class ErrorsController {
  @MessagePattern('throws')
  throws(@Payload() index: number): never {
    throw thrownBy(index);
  }

  @MessagePattern('rejects')
  async rejects(@Payload() index: number): Promise<never> {
    await Promise.resolve();
    throw thrownBy(index);
  }

  @MessagePattern('emits')
  emits(@Payload() index: number): Observable<unknown> {
    return concat(
      of(1),
      throwError(() => thrownBy(index)),
    );
  }

  @MessagePattern('promised Observable')
  async promised(@Payload() index: number): Promise<Observable<unknown>> {
    await Promise.resolve();
    return throwError(() => thrownBy(index));
  }

  @UseInterceptors(AfterError)
  @MessagePattern('interceptor after')
  after(): string {
    return 'never seen';
  }

  @UseInterceptors(BeforeError)
  @MessagePattern('interceptor before')
  before(): string {
    return 'never seen';
  }

  @MessagePattern('number')
  number(@Payload(ParseIntPipe) value: number): number {
    return value;
  }

  @MessagePattern('number with a text')
  numberWithText(
    @Payload(new ParseIntPipe({ exceptionFactory: (text) => new RpcException(text) })) value: number,
  ): number {
    return value;
  }

  @MessagePattern('returns an error')
  returned(): unknown {
    return { status: 'error', message: 'as a value' };
  }
}

export function describeErrors(transport: TransportUnderTest): void {
  describeService('errors', transport, { controllers: [ErrorsController] }, (started) => {
    const send = (pattern: string, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);
    const cases = THROWN.map(([title, , received], index) => ({ title, index, received }));

    test.each(cases)('$title thrown by a handler arrives field by field', async ({ index, received }) => {
      expect(await errorOf(send('throws', index))).toStrictEqual(received);
    });

    test.each(cases)('$title of a rejected promise arrives field by field', async ({ index, received }) => {
      expect(await errorOf(send('rejects', index))).toStrictEqual(received);
    });

    test.each(cases)('$title of an Observable arrives after its values', async ({ index, received }) => {
      const observed = await observe(send('emits', index)).end();
      expect(observed.values).toEqual([1]);
      expect(observed.failure).toStrictEqual({ error: received });
    });

    test.each(cases)('$title of a promised Observable arrives', async ({ index, received }) => {
      expect(await errorOf(send('promised Observable', index))).toStrictEqual(received);
    });

    test('an error thrown by an interceptor after the handler replaces the result', async () => {
      const observed = await observe(send('interceptor after')).end();
      expect(observed.values).toEqual([]);
      expect(observed.failure?.error).toStrictEqual({ status: 'error', message: 'of the interceptor' });
    });

    test('an error thrown by an interceptor before the handler tells nothing of its text', async () => {
      expect(await errorOf(send('interceptor before'))).toStrictEqual(INTERNAL);
    });

    test('an HttpException of a pipe of Nest tells nothing of its text', async () => {
      expect(await errorOf(send('number', 'x'))).toStrictEqual(INTERNAL);
      expect(await valuesOf(send('number', '12'))).toEqual([12]);
    });

    test('an RpcException of a pipe tells its text', async () => {
      expect(await errorOf(send('number with a text', 'x'))).toStrictEqual({
        status: 'error',
        message: 'Validation failed (numeric string is expected)',
      });
    });

    test('an object like an error is a value when it is returned', async () => {
      expect(await valuesOf(send('returns an error'))).toEqual([{ status: 'error', message: 'as a value' }]);
    });

    test('what a call failed with leaves the next call alone', async () => {
      expect(await errorOf(send('throws', 0))).toStrictEqual({ status: 'error', message: 'no' });
      expect(await valuesOf(send('number', '1'))).toEqual([1]);
    });
  });
}
