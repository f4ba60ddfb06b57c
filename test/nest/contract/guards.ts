import { afterEach, expect, test } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Injectable,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { MessagePattern, RpcException } from '@nestjs/microservices';
import { of, type Observable } from 'rxjs';
import { errorOf, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const FORBIDDEN = { status: 'error', message: 'Forbidden resource' };

/** The order in which Nest ran what stands around a handler. */
const trace: string[] = [];

@Injectable()
class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    const role = this.reflector.getAllAndOverride<string | undefined>('role', targets);
    if (role === undefined) return true;
    trace.push(`guard of ${context.getClass().name}.${context.getHandler().name} (${context.getType()})`);
    const { role: own } = context.switchToRpc().getData<{ role: string }>();
    return own === role;
  }
}

class Answer implements CanActivate {
  constructor(private readonly answer: () => ReturnType<CanActivate['canActivate']>) {}

  canActivate(): ReturnType<CanActivate['canActivate']> {
    return this.answer();
  }
}

const refuse = (error: unknown) => (): never => {
  throw error;
};

class Noting implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    trace.push(`interceptor of ${context.getHandler().name}`);
    return next.handle();
  }
}

@SetMetadata('role', 'user')
@Controller()
class RolesController {
  @MessagePattern('for users')
  users(): string {
    trace.push('handler');
    return 'for users';
  }

  @SetMetadata('role', 'admin')
  @UseInterceptors(Noting)
  @MessagePattern('for admins')
  admins(): string {
    trace.push('handler');
    return 'for admins';
  }
}

@Controller()
class GuardedController {
  @UseGuards(new Answer(() => false))
  @MessagePattern('guard false')
  no(): string {
    return 'unreachable';
  }

  @UseGuards(new Answer(() => Promise.resolve(false)))
  @MessagePattern('guard promise of false')
  promisedNo(): string {
    return 'unreachable';
  }

  @UseGuards(new Answer(() => of(false)))
  @MessagePattern('guard Observable of false')
  observableNo(): string {
    return 'unreachable';
  }

  @UseGuards(new Answer(() => true), new Answer(() => Promise.resolve(true)), new Answer(() => of(true)))
  @MessagePattern('guards true')
  yes(): string {
    return 'reached';
  }

  @UseGuards(new Answer(() => true), new Answer(() => false))
  @MessagePattern('one guard of two')
  half(): string {
    return 'unreachable';
  }

  @UseGuards(new Answer(refuse(new ForbiddenException('internal'))))
  @MessagePattern('guard ForbiddenException')
  forbidden(): string {
    return 'unreachable';
  }

  @UseGuards(new Answer(refuse(new RpcException({ code: 403, message: 'not you' }))))
  @MessagePattern('guard RpcException')
  refused(): string {
    return 'unreachable';
  }

  @UseGuards(new Answer(() => Promise.reject(new Error('internal'))))
  @MessagePattern('guard rejection')
  rejected(): string {
    return 'unreachable';
  }
}

export function describeGuards(transport: TransportUnderTest): void {
  const setup = {
    controllers: [RolesController, GuardedController],
    providers: [{ provide: APP_GUARD, useClass: RolesGuard }],
  };
  describeService('guards', transport, setup, (started) => {
    const send = (pattern: string, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);
    afterEach(() => {
      trace.length = 0;
    });

    test('a guard reads the metadata of handler and class and the payload', async () => {
      expect(await valuesOf(send('for users', { role: 'user' }))).toEqual(['for users']);
      expect(await errorOf(send('for admins', { role: 'user' }))).toStrictEqual(FORBIDDEN);
      expect(trace).toEqual([
        'guard of RolesController.users (rpc)',
        'handler',
        'guard of RolesController.admins (rpc)',
      ]);
    });

    test('a guard runs before interceptors and handler', async () => {
      expect(await valuesOf(send('for admins', { role: 'admin' }))).toEqual(['for admins']);
      expect(trace).toEqual(['guard of RolesController.admins (rpc)', 'interceptor of admins', 'handler']);
    });

    test.each([
      ['guard false'],
      ['guard promise of false'],
      ['guard Observable of false'],
      ['one guard of two'],
    ])('"%s" is answered with the refusal of Nest', async (pattern) => {
      expect(await errorOf(send(pattern))).toStrictEqual(FORBIDDEN);
    });

    test('guards that agree, each in its own way, let the call through', async () => {
      expect(await valuesOf(send('guards true'))).toEqual(['reached']);
    });

    test('what a guard throws arrives as from a handler', async () => {
      const internal = { status: 'error', message: 'Internal server error' };
      expect(await errorOf(send('guard ForbiddenException'))).toStrictEqual(internal);
      expect(await errorOf(send('guard rejection'))).toStrictEqual(internal);
      expect(await errorOf(send('guard RpcException'))).toStrictEqual({ code: 403, message: 'not you' });
    });
  });
}
