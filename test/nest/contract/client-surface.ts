import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload, type ClientProxy } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { turns } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { Contract, type StartedService } from './contract.js';
import { listenTo, type TransportUnderTest, REFUSED } from './transport-under-test.js';

let calls = 0;

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern('silent')
  silent(): Observable<never> {
    calls += 1;
    return NEVER;
  }
}

/** A started service that counts who connects to it. */
async function countingService(contract: Contract): Promise<StartedService & { connections: () => number }> {
  let count = 0;
  const started = await contract.startService({
    controllers: [EchoController],
    configure: (_app, server) => {
      listenTo(server, 'connection', () => {
        count += 1;
      });
    },
  });
  return { ...started, connections: () => count };
}

export function describeClientSurface(transport: TransportUnderTest): void {
  describe('a client', () => {
    let contract: Contract;
    beforeEach(async () => {
      calls = 0;
      contract = await Contract.onFreePort(transport);
    });
    afterEach(async () => {
      await contract.close();
    });

    /** How many connections there were before a later client's, once that has come. */
    const connectedBefore = async (connections: () => number): Promise<number> => {
      const later = await contract.openClient();
      await within(later.client.connect(), 'a later client');
      await waitFor(() => connections() > 0, 'a later connection');
      await later.close();
      return connections() - 1;
    };

    const closeForNow = async (client: ClientProxy): Promise<void> => {
      await client.close();
      if (!transport.capabilities.connectsRightAfterClose) await turns();
    };

    test('connects when it is first needed, not before', async () => {
      const { connections } = await countingService(contract);
      const { client } = await contract.openClient();
      client.send('echo', 'not subscribed');
      expect(await connectedBefore(connections)).toBe(0);
      expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
      expect(connections()).toBe(2);
    });

    test('makes one connection for whatever asks for it at once', async () => {
      const { connections } = await countingService(contract);
      const { client } = await contract.openClient();
      const [first, second] = [client.connect(), client.connect()];
      const answers = [valuesOf(client.send('echo', 1)), valuesOf(client.send('echo', 2))];
      await within(Promise.all([first, second, ...answers]), 'one connection for all');
      await client.connect();
      expect(await connectedBefore(connections)).toBe(1);
    });

    test('that cannot connect rejects with the reason, and tries again when asked again', async () => {
      const { client } = await contract.openClient();
      await expect(client.connect()).rejects.toMatchObject(REFUSED);
      await expect(client.connect()).rejects.toMatchObject(REFUSED);
      // The control forgets a failed attempt only when its socket reports its end, a turn after its error.
      await turns();
      const { connections } = await countingService(contract);
      await within(client.connect(), 'the third attempt');
      expect(connections()).toBe(1);
    });

    test('that cannot connect fails all that wait with the reason', async () => {
      const { client } = await contract.openClient();
      const errors = [
        errorOf(client.send('echo', 1)),
        errorOf(client.send('echo', 2)),
        errorOf(client.emit('x', 1)),
      ];
      for (const error of await Promise.all(errors)) expect(error).toMatchObject(REFUSED);
    });

    test('is connected, and disconnected once closed', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      const { values: states } = observe(client.status);
      expect(states).toEqual([]);
      await client.connect();
      expect(states).toEqual(['connected']);
      await client.close();
      await waitFor(() => states.length > 1, 'the last state');
      expect(states).toEqual(['connected', 'disconnected']);
      await client.connect();
      expect(states).toEqual(['connected', 'disconnected', 'connected']);
    });

    test('that cannot connect is disconnected', async () => {
      const { client } = await contract.openClient();
      const { values: states } = observe(client.status);
      await expect(client.connect()).rejects.toMatchObject(REFUSED);
      expect(states).toEqual(['disconnected']);
    });

    test('emits its events to listeners registered before and after connecting', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      const events: string[] = [];
      listenTo(client, 'connect', () => events.push('connect'));
      await client.connect();
      expect(events).toEqual(['connect']);
      listenTo(client, 'close', () => events.push('close'));
      await client.close();
      await waitFor(() => events.length > 1, 'the close event');
      expect(events).toEqual(['connect', 'close']);
    });

    test('unwraps to its connection once there is one', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      expect(() => client.unwrap<unknown>()).toThrow('Not initialized');
      await client.connect();
      const first = client.unwrap<unknown>();
      expect(typeof first).toBe('object');
      expect(client.unwrap<unknown>()).toBe(first);
      await client.close();
      expect(() => client.unwrap<unknown>()).toThrow('Not initialized');
    });

    test('may be closed before it has connected, and connects afterwards', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      await client.close();
      expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
    });

    test('may be closed twice, and with the signal that Nest passes', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      await client.connect();
      await Reflect.apply(client.close.bind(client), undefined, ['SIGTERM']);
      await client.close();
      await client.close();
    });

    test('connects anew after it was closed', async () => {
      const { connections } = await countingService(contract);
      const { client } = await contract.openClient();
      expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
      await closeForNow(client);
      expect(await valuesOf(client.send('echo', 2))).toEqual([2]);
      expect(connections()).toBe(2);
    });

    test('that is closed fails the calls under way, each once', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      const pending = [observe(client.send('silent', 1)), observe(client.send('silent', 2))];
      await waitFor(() => calls === 2, 'both calls');
      await closeForNow(client);
      for (const call of pending) expect((await call.end()).failure?.error).toBeDefined();
      expect(await valuesOf(client.send('echo', 3))).toEqual([3]);
      expect(calls).toBe(2);
    });

    test('that is closed while it connects settles every attempt', async () => {
      await countingService(contract);
      const { client } = await contract.openClient();
      const attempt = client.connect().then(
        () => 'settled',
        () => 'settled',
      );
      const call = observe(client.send('echo', 1));
      await closeForNow(client);
      expect(await within(attempt, 'the abandoned attempt')).toBe('settled');
      await call.end();
      expect(await valuesOf(client.send('echo', 2))).toEqual([2]);
    });

    test('is closed with the application that holds it', async () => {
      await countingService(contract);
      const { client, close } = await contract.openClient();
      const { values: states } = observe(client.status);
      await client.connect();
      await close();
      await waitFor(() => states.includes('disconnected'), 'the end of the connection');
    });
  });
}
