import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { concat, NEVER, of, type Observable } from 'rxjs';
import { errorOf, observe, valuesOf, type Observed } from '../../support/observed.js';
import { retried, waitFor } from '../../support/wait-for.js';
import { Contract, type StartedService } from './contract.js';
import { listenTo, type TransportUnderTest, REFUSED } from './transport-under-test.js';

const events: unknown[] = [];
let silentCalls = 0;

@Controller()
class AwayController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('silent')
  silent(): Observable<never> {
    silentCalls += 1;
    return NEVER;
  }

  @MessagePattern('endless')
  endless(): Observable<number> {
    return concat(of(1, 2), NEVER);
  }

  @EventPattern('event')
  event(@Payload() data: unknown): void {
    events.push(data);
  }
}

export function describeReconnect(transport: TransportUnderTest): void {
  describe('a server that comes and goes', () => {
    let contract: Contract;
    let client: ClientProxy;
    let states: readonly string[];
    beforeEach(async () => {
      events.length = 0;
      silentCalls = 0;
      contract = await Contract.onFreePort(transport);
      ({ client } = await contract.openClient());
      states = observe(client.status).values;
    });
    afterEach(async () => {
      await contract.close();
    });

    const start = (): Promise<StartedService> => contract.startService({ controllers: [AwayController] });
    const echo = (data: unknown): Promise<readonly unknown[]> => valuesOf(client.send<unknown>('echo', data));
    /** An attempt to reconnect that began before the server listened may still be failing, and a call joins it. */
    const echoOnceBack = (data: unknown): Promise<readonly unknown[]> =>
      retried(() => echo(data), 'the service that is back');
    const stop = async ({ app }: StartedService): Promise<void> => {
      await app.close();
      await waitFor(() => states.at(-1) === 'disconnected', 'the client to notice');
    };

    test('is found by a client that was there before it', async () => {
      expect(await errorOf(client.send('echo', 1))).toMatchObject(REFUSED);
      await start();
      expect(await echo(2)).toEqual([2]);
    });

    test('is missed at once: calls and events fail with the reason of their own attempt', async () => {
      const service = await start();
      expect(await echo(1)).toEqual([1]);
      await stop(service);
      expect(await errorOf(client.send('echo', 2))).toMatchObject(REFUSED);
      expect(await errorOf(client.emit('event', 2))).toMatchObject(REFUSED);
      await expect(client.connect()).rejects.toMatchObject(REFUSED);
    });

    test('is used again after a restart, by the same client and without its help', async () => {
      for (const round of [1, 2, 3]) {
        const service = await start();
        expect(await echoOnceBack(round)).toEqual([round]);
        client.emit('event', round);
        await waitFor(() => events.includes(round), 'the event');
        await stop(service);
      }
      expect(events).toEqual([1, 2, 3]);
    });

    test('is used again after calls that failed meanwhile', async () => {
      const service = await start();
      expect(await echo(1)).toEqual([1]);
      await stop(service);
      const errors = await Promise.all([2, 3, 4].map((data) => errorOf(client.send('echo', data))));
      for (const error of errors) expect(error).toMatchObject(REFUSED);
      await start();
      expect(await echoOnceBack(5)).toEqual([5]);
    });

    test('shows in the states of the client', async () => {
      const service = await start();
      await echo(1);
      await stop(service);
      await errorOf(client.send('echo', 2));
      await start();
      await echoOnceBack(3);
      expect(states).toEqual(['connected', 'disconnected', 'connected']);
    });

    test('takes the calls under way with it: they fail', async () => {
      const service = await start();
      const pending = [observe(client.send('silent', 1)), observe(client.send('silent', 2))];
      await waitFor(() => silentCalls === 2, 'both calls');
      await service.app.close();
      for (const call of pending) {
        await call.end();
        expect(call.failure?.error).toBeDefined();
        expect(call.values).toEqual([]);
      }
    });

    test('ends its streams with an error, after the values that came', async () => {
      const service = await start();
      const stream = observe(client.send<number>('endless', 1));
      await stream.received(2);
      await service.app.close();
      await stream.end();
      expect(stream.values).toEqual([1, 2]);
      expect(stream.failure?.error).toBeDefined();
    });

    test('ends every call one way or the other, also those made while it goes', async () => {
      const service = await start();
      await echo(0);
      const calls: Observed<unknown>[] = [observe(client.send('echo', 'before'))];
      const closing = service.app.close();
      calls.push(observe(client.send('echo', 'while closing')));
      await closing;
      calls.push(observe(client.send('echo', 'after')));
      for (const call of calls) await call.end();
      await start();
      await waitFor(() => states.at(-1) === 'disconnected', 'the client to notice');
      expect(await echoOnceBack('again')).toEqual(['again']);
    });

    test('leaves the other clients of the process alone', async () => {
      const elsewhere = await Contract.onFreePort(transport);
      try {
        await elsewhere.startService({ controllers: [AwayController] });
        const other = await elsewhere.openClient();
        const stream = observe(other.client.send<number>('endless', 1));
        await stream.received(2);
        const service = await start();
        await echo(1);
        await stop(service);
        expect(stream.ended).toBe(false);
        expect(await valuesOf(other.client.send('echo', 2))).toEqual([2]);
      } finally {
        await elsewhere.close();
      }
    });

    test('an emit that nobody subscribes to fails without a trace while it is away', async () => {
      const rejections: unknown[] = [];
      const record = (reason: unknown): void => {
        rejections.push(reason);
      };
      process.on('unhandledRejection', record);
      try {
        client.emit('event', 'lost');
        expect(await errorOf(client.send('echo', 1))).toMatchObject(REFUSED);
        await start();
        client.emit('event', 'kept');
        await waitFor(() => events.length > 0, 'the event');
      } finally {
        process.off('unhandledRejection', record);
      }
      expect(events).toEqual(['kept']);
      expect(rejections).toEqual([]);
    });

    if (transport.capabilities.listenersSurviveReconnect) {
      test('is announced to listeners on every connection', async () => {
        let connects = 0;
        listenTo(client, 'connect', () => {
          connects += 1;
        });
        const service = await start();
        await echo(1);
        await stop(service);
        await start();
        await echoOnceBack(2);
        expect(connects).toBe(2);
      });
    }
  });
}
