import { expect, test } from '@jest/globals';
import { Controller, Inject, Injectable, Scope } from '@nestjs/common';
import {
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdResolver,
  type ContextIdStrategy,
} from '@nestjs/core';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type BaseRpcContext,
  type RequestContext,
} from '@nestjs/microservices';
import { errorOf, valuesOf } from '../../support/observed.js';
import { waitFor } from '../../support/wait-for.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

const events: unknown[] = [];
let instances = 0;

@Injectable({ scope: Scope.REQUEST })
class RequestState {
  readonly id = (instances += 1);

  constructor(@Inject(REQUEST) readonly request: RequestContext<unknown, BaseRpcContext>) {}
}

@Injectable()
class UsesState {
  constructor(readonly state: RequestState) {}
}

@Controller()
class ScopedController {
  private calls = 0;

  constructor(
    private readonly state: RequestState,
    private readonly uses: UsesState,
  ) {}

  @MessagePattern('instance')
  instance(): unknown {
    this.calls += 1;
    return { id: this.state.id, calls: this.calls, shared: this.uses.state === this.state };
  }

  @MessagePattern({ cmd: 'request', of: 'the message' })
  request(@Payload() data: unknown, @Ctx() context: BaseRpcContext): unknown {
    const { request } = this.state;
    return {
      pattern: request.getPattern(),
      data: request.getData(),
      samePayload: request.data === data,
      sameContext: request.getContext() === context,
    };
  }

  @EventPattern('scoped event')
  event(@Payload() data: unknown): void {
    events.push({ data, request: this.state.request.getData() });
  }
}

@Injectable({ scope: Scope.REQUEST })
class Failing {
  constructor(@Inject(REQUEST) request: RequestContext<{ fail: boolean }>) {
    if (request.getData().fail) throw new Error('of the constructor');
  }
}

@Controller({ scope: Scope.REQUEST })
class FailingController {
  constructor(private readonly dependency: Failing) {}

  @MessagePattern('needs a dependency')
  needs(): boolean {
    return this.dependency instanceof Failing;
  }
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class Tenant {
  calls = 0;

  constructor(@Inject(REQUEST) readonly payload: { tenant: string }) {}
}

@Controller({ scope: Scope.REQUEST, durable: true })
class TenantController {
  constructor(private readonly tenant: Tenant) {}

  @MessagePattern('tenant')
  ofTenant(): unknown {
    this.tenant.calls += 1;
    return { name: this.tenant.payload.tenant, calls: this.tenant.calls };
  }
}

/** One tree of durable providers for each tenant, as Nest's documentation has it. */
class TenantStrategy implements ContextIdStrategy<RequestContext> {
  private readonly trees = new Map<string, ContextId>();

  attach(contextId: ContextId, request: RequestContext): ContextIdResolver {
    const tenant: unknown = Reflect.get(Object(request.data) as object, 'tenant');
    if (typeof tenant !== 'string') return { resolve: () => contextId, payload: {} };
    const tree = this.trees.get(tenant) ?? ContextIdFactory.create();
    this.trees.set(tenant, tree);
    return { resolve: (info) => (info.isTreeDurable ? tree : contextId), payload: { tenant } };
  }
}

export function describeRequestScope(transport: TransportUnderTest): void {
  const setup = {
    controllers: [ScopedController, FailingController],
    providers: [RequestState, UsesState, Failing],
  };
  describeService('request scope', transport, setup, (started) => {
    const send = (pattern: string | object, data: unknown = {}): Promise<readonly unknown[]> =>
      valuesOf(started().client.send<unknown>(pattern, data));

    test('each message gets its own controller and providers, which share what they inject', async () => {
      const first = instances;
      expect(await send('instance')).toEqual([{ id: first + 1, calls: 1, shared: true }]);
      expect(await send('instance')).toEqual([{ id: first + 2, calls: 1, shared: true }]);
    });

    test('messages handled at once do not share an instance', async () => {
      const answers = (await Promise.all([send('instance'), send('instance'), send('instance')])).flat();
      expect(new Set(answers.map((answer) => (answer as { id: number }).id)).size).toBe(3);
    });

    test('REQUEST is the context of the message: pattern, payload, transport context', async () => {
      expect(await send({ of: 'the message', cmd: 'request' }, { a: 1 })).toEqual([
        {
          pattern: { cmd: 'request', of: 'the message' },
          data: { a: 1 },
          samePayload: true,
          sameContext: true,
        },
      ]);
    });

    test('an event is handled in request scope too', async () => {
      started().client.emit('scoped event', 'x');
      await waitFor(() => events.length > 0, 'the event');
      expect(events).toEqual([{ data: 'x', request: 'x' }]);
    });

    test('a dependency that cannot be made is an internal error of that message only', async () => {
      const error = await errorOf(started().client.send('needs a dependency', { fail: true }));
      expect(error).toStrictEqual({ status: 'error', message: 'Internal server error' });
      expect(await send('needs a dependency', { fail: false })).toEqual([true]);
    });
  });

  const durable = {
    controllers: [TenantController],
    providers: [Tenant],
    configure: (): void => {
      ContextIdFactory.apply(new TenantStrategy());
    },
  };
  describeService('durable providers', transport, durable, (started) => {
    test('live as long as their tenant, for each tenant apart', async () => {
      const call = (tenant: string): Promise<readonly unknown[]> =>
        valuesOf(started().client.send<unknown>('tenant', { tenant }));
      expect(await call('a')).toEqual([{ name: 'a', calls: 1 }]);
      expect(await call('b')).toEqual([{ name: 'b', calls: 1 }]);
      expect(await call('a')).toEqual([{ name: 'a', calls: 2 }]);
    });
  });
}
