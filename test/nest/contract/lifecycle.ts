import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  Controller,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { concat, NEVER, of, type Observable } from 'rxjs';
import { countHandles, expectNoNewHandles, type HandleCounts } from '../../support/open-handles.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { Contract } from './contract.js';
import { REFUSED, type TransportUnderTest } from './transport-under-test.js';

const handled: unknown[] = [];

@Controller()
class LifecycleController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    handled.push(data);
    return data;
  }

  @MessagePattern('endless')
  endless(): Observable<number> {
    return concat(of(1), NEVER);
  }

  @MessagePattern('silent')
  silent(): Promise<never> {
    handled.push('silent');
    return new Promise(() => undefined);
  }

  @EventPattern('event')
  event(@Payload() data: unknown): void {
    handled.push(data);
  }
}

@Injectable()
class Hooked
  implements
    OnModuleInit,
    OnApplicationBootstrap,
    OnModuleDestroy,
    BeforeApplicationShutdown,
    OnApplicationShutdown
{
  onModuleInit(): void {
    handled.push('onModuleInit');
  }
  onApplicationBootstrap(): void {
    handled.push('onApplicationBootstrap');
  }
  onModuleDestroy(): void {
    handled.push('onModuleDestroy');
  }
  beforeApplicationShutdown(): void {
    handled.push('beforeApplicationShutdown');
  }
  onApplicationShutdown(): void {
    handled.push('onApplicationShutdown');
  }
}

const controllers = [LifecycleController];

export function describeLifecycle(transport: TransportUnderTest): void {
  describe('closing', () => {
    let contract: Contract;
    let before: HandleCounts;
    beforeEach(async () => {
      handled.length = 0;
      contract = await Contract.onFreePort(transport);
      before = countHandles();
    });
    afterEach(async () => {
      await contract.close();
    });

    test('a service that was never called leaves no handle', async () => {
      const { app } = await contract.startService({ controllers });
      if (transport.capabilities.hasHandles) expect(() => newHandleOf(before)).not.toThrow();
      await app.close();
      await expectNoNewHandles(before);
    });

    test('the clients first, then the service, leaves no handle', async () => {
      const { app } = await contract.startService({ controllers });
      const clients = await Promise.all([contract.openClient(), contract.openClient()]);
      for (const { client } of clients) {
        expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
        client.emit('event', 2);
      }
      await waitFor(() => handled.length === 4, 'calls and events');
      await Promise.all(clients.map(({ close }) => close()));
      await app.close();
      await expectNoNewHandles(before);
    });

    test('the service first leaves no handle, once its clients are closed too', async () => {
      const { app } = await contract.startService({ controllers });
      const { client, close } = await contract.openClient();
      expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
      await app.close();
      await close();
      await expectNoNewHandles(before);
    });

    test('with calls and streams under way leaves no handle, and every caller is told', async () => {
      const { app } = await contract.startService({ controllers });
      const { client, close } = await contract.openClient();
      const stream = observe(client.send('endless', 1));
      const call = observe(client.send('silent', 1));
      await stream.received(1);
      await waitFor(() => handled.includes('silent'), 'the call');
      await app.close();
      await Promise.all([stream.end(), call.end()]);
      expect(stream.failure?.error).toBeDefined();
      expect(call.failure?.error).toBeDefined();
      await close();
      await expectNoNewHandles(before);
    });

    test('a client with calls under way leaves no handle of its own', async () => {
      const { app } = await contract.startService({ controllers });
      const { client, close } = await contract.openClient();
      const call = observe(client.send('silent', 1));
      await waitFor(() => handled.includes('silent'), 'the call');
      await close();
      await call.end();
      await app.close();
      await expectNoNewHandles(before);
    });

    test('a client whose calls were refused leaves no handle', async () => {
      const { client, close } = await contract.openClient();
      expect(await errorOf(client.send('echo', 1))).toMatchObject(REFUSED);
      await close();
      await expectNoNewHandles(before);
    });

    test('a client that has lost its server leaves no handle', async () => {
      const { app } = await contract.startService({ controllers });
      const { client, close } = await contract.openClient();
      const { values: states } = observe(client.status);
      await client.connect();
      await app.close();
      await waitFor(() => states.at(-1) === 'disconnected', 'the client to notice');
      await close();
      await expectNoNewHandles(before);
    });

    test('a service ends its connections at once, and handles nothing more', async () => {
      const { app } = await contract.startService({ controllers });
      const { client } = await contract.openClient();
      await client.connect();
      const closing = app.close();
      const late = observe(client.send('echo', 'late'));
      await closing;
      await late.end();
      await turns();
      expect(handled).toEqual([]);
      expect(late.failure?.error).toBeDefined();
    });

    test('a service frees its port', async () => {
      const { app } = await contract.startService({ controllers });
      await (await contract.openClient()).client.connect();
      await app.close();
      await contract.startService({ controllers });
      const { client } = await contract.openClient();
      expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
    });

    test('a service twice is closing it once', async () => {
      const { app } = await contract.startService({ controllers });
      await app.close();
      await app.close();
      await expectNoNewHandles(before);
    });

    test('runs the lifecycle hooks of the application, each once', async () => {
      const { app } = await contract.startService({ controllers, providers: [Hooked] });
      expect(handled).toEqual(['onModuleInit', 'onApplicationBootstrap']);
      handled.length = 0;
      await app.close();
      expect(handled).toEqual(['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown']);
    });
  });
}

/** Proves that the comparison sees something at all: a listening service must show up as a new handle. */
function newHandleOf(before: HandleCounts): string {
  for (const [kind, count] of countHandles()) {
    if (count > (before.get(kind) ?? 0)) return kind;
  }
  throw new Error('A listening service shows no handle');
}
