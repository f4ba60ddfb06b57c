import { expect, test } from '@jest/globals';
import {
  Catch,
  Controller,
  Injectable,
  Scope,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BaseRpcExceptionFilter, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { of, throwError, type Observable } from 'rxjs';
import { errorOf, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

class NotEnough extends Error {}
class OfTheClass extends Error {}
class OfAll extends Error {}
class OfTheContainer extends Error {}

@Catch(NotEnough)
class MethodFilter implements RpcExceptionFilter<NotEnough> {
  catch(error: NotEnough, host: ArgumentsHost): Observable<unknown> {
    const data: unknown = host.switchToRpc().getData();
    return throwError(() => ({ by: 'method', text: error.message, type: host.getType(), data }));
  }
}

@Catch(OfTheClass)
class ClassFilter implements ExceptionFilter<OfTheClass> {
  catch(error: OfTheClass): Observable<unknown> {
    return throwError(() => ({ by: 'class', text: error.message }));
  }
}

@Catch(OfAll)
class GlobalFilter implements ExceptionFilter<OfAll> {
  catch(error: OfAll): Observable<unknown> {
    return throwError(() => ({ by: 'global', text: error.message }));
  }
}

@Injectable()
class Greeting {
  readonly text = 'injected';
}

@Catch(OfTheContainer)
@Injectable({ scope: Scope.REQUEST })
class ContainerFilter implements ExceptionFilter<OfTheContainer> {
  constructor(private readonly greeting: Greeting) {}

  catch(): Observable<unknown> {
    return throwError(() => ({ by: this.greeting.text }));
  }
}

@Catch()
class ExtendedFilter extends BaseRpcExceptionFilter {
  override catch(exception: RpcException, host: ArgumentsHost): Observable<unknown> {
    return super.catch(new RpcException({ wrapped: exception.message }), host);
  }
}

@Catch()
class RecoveringFilter implements ExceptionFilter {
  catch(): Observable<unknown> {
    return of('instead', 'of the error');
  }
}

/** What a filter may give as the error: the value itself goes to the subscriber. */
const GIVEN: readonly (readonly [unknown, unknown])[] = [
  ['a bare text', 'a bare text'],
  [42, 42],
  [true, true],
  [
    ['a', 1],
    ['a', 1],
  ],
  [{ deep: { list: [null] } }, { deep: { list: [null] } }],
  [new Error('an Error has no fields of its own'), {}],
  [Object.assign(new Error('hidden'), { code: 1001 }), { code: 1001 }],
  [
    { code: 1001, message: 'with a code' },
    { code: 1001, message: 'with a code' },
  ],
  [{ toJSON: () => ['own', 'text'] }, ['own', 'text']],
];

@Catch()
class GivingFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): Observable<unknown> {
    return throwError(() => GIVEN[host.switchToRpc().getData<number>()]?.[0]);
  }
}

@UseFilters(new ClassFilter())
@Controller()
class FiltersController {
  @UseFilters(MethodFilter)
  @MessagePattern('method')
  method(): never {
    throw new NotEnough('1 < 2');
  }

  @MessagePattern('class')
  class(): never {
    throw new OfTheClass('text');
  }

  @UseFilters(MethodFilter)
  @MessagePattern('class past a method filter')
  async past(): Promise<never> {
    await Promise.resolve();
    throw new OfTheClass('later');
  }

  @MessagePattern('global')
  global(): Observable<never> {
    return throwError(() => new OfAll('in an Observable'));
  }

  @MessagePattern('container')
  container(): never {
    throw new OfTheContainer();
  }

  @MessagePattern('caught by none')
  none(): never {
    throw new NotEnough('internal');
  }

  @UseFilters(ExtendedFilter)
  @MessagePattern('extended')
  extended(): never {
    throw new RpcException('inner');
  }

  @UseFilters(RecoveringFilter)
  @MessagePattern('recovered')
  recovered(): never {
    throw new Error('internal');
  }

  @UseFilters(GivingFilter)
  @MessagePattern('given')
  given(@Payload() _index: number): never {
    throw new Error('internal');
  }
}

export function describeFilters(transport: TransportUnderTest): void {
  const setup = {
    controllers: [FiltersController],
    providers: [Greeting, { provide: APP_FILTER, useClass: ContainerFilter }],
    configure: (app: { useGlobalFilters: (filter: ExceptionFilter) => unknown }): void => {
      app.useGlobalFilters(new GlobalFilter());
    },
  };
  describeService('exception filters', transport, setup, (started) => {
    const send = (pattern: string, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);

    test('a filter of a method sees the error and the payload, and decides what arrives', async () => {
      const error = await errorOf(send('method', { a: 1 }));
      expect(error).toStrictEqual({ by: 'method', text: '1 < 2', type: 'rpc', data: { a: 1 } });
    });

    test('a filter of a class catches for its handlers', async () => {
      expect(await errorOf(send('class'))).toStrictEqual({ by: 'class', text: 'text' });
    });

    test('an error that the filter of the method leaves goes to that of the class', async () => {
      const error = await errorOf(send('class past a method filter'));
      expect(error).toStrictEqual({ by: 'class', text: 'later' });
    });

    test('a global filter catches errors inside Observables too', async () => {
      expect(await errorOf(send('global'))).toStrictEqual({ by: 'global', text: 'in an Observable' });
    });

    test('a global filter of the container gets its dependencies, in request scope too', async () => {
      expect(await errorOf(send('container'))).toStrictEqual({ by: 'injected' });
    });

    test('an error that no filter catches is an internal error', async () => {
      const internal = { status: 'error', message: 'Internal server error' };
      expect(await errorOf(send('caught by none'))).toStrictEqual(internal);
    });

    test('a filter may extend that of Nest', async () => {
      expect(await errorOf(send('extended'))).toStrictEqual({ wrapped: 'inner' });
    });

    test('a filter may answer with values instead of the error', async () => {
      expect(await valuesOf(send('recovered'))).toEqual(['instead', 'of the error']);
    });

    test.each(GIVEN.map(([given, received], index) => ({ given, received, index })))(
      'the error $given given by a filter arrives as JSON has it',
      async ({ received, index }) => {
        expect(await errorOf(send('given', index))).toStrictEqual(received);
      },
    );
  });
}
