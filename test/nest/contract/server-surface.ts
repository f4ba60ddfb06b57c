import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { of } from 'rxjs';
import { observe, valuesOf } from '../../support/observed.js';
import { turns } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { Contract } from './contract.js';
import { describeService } from './suite.js';
import { listenTo, type ServerUnderTest, type TransportUnderTest } from './transport-under-test.js';

@Controller()
class RoutesController {
  @MessagePattern('plain')
  plain(@Payload() data: unknown): unknown {
    return { plain: data };
  }

  @MessagePattern('with extras', { timeout: 5, roles: ['a'] })
  extras(): string {
    return 'with extras';
  }

  @MessagePattern({ cmd: 'x', a: 1 }, { of: 'an object' })
  object(): string {
    return 'object';
  }

  @EventPattern<string>('an event', { durable: true })
  event(@Payload() _data: unknown): void {
    // Only its registration counts here.
  }
}

export function describeServerSurface(transport: TransportUnderTest): void {
  describeHandlers(transport);
  describeListening(transport);
}

function describeHandlers(transport: TransportUnderTest): void {
  const manual = (server: ServerUnderTest): void => {
    server.addHandler('by hand', (data) => Promise.resolve(of({ byHand: data as unknown })), false, {
      by: 'hand',
    });
  };
  const setup = {
    controllers: [RoutesController],
    configure: (_app: unknown, server: ServerUnderTest): void => {
      manual(server);
    },
  };
  describeService('handlers of a server', transport, setup, (started) => {
    test('are listed under the route of their pattern', () => {
      const routes = [...started().server.getHandlers().keys()];
      expect(routes.sort()).toEqual(['an event', 'by hand', 'plain', 'with extras', '{"a":1,"cmd":"x"}']);
    });

    test('carry the extras of their patterns', () => {
      const handlers = started().server.getHandlers();
      expect(handlers.get('with extras')?.extras).toMatchObject({ timeout: 5, roles: ['a'] });
      expect(handlers.get('{"a":1,"cmd":"x"}')?.extras).toMatchObject({ of: 'an object' });
      expect(handlers.get('an event')?.extras).toMatchObject({ durable: true });
      expect(handlers.get('by hand')?.extras).toMatchObject({ by: 'hand' });
    });

    test('tell events from messages', () => {
      const handlers = started().server.getHandlers();
      expect(handlers.get('an event')?.isEventHandler).toBe(true);
      expect(handlers.get('plain')?.isEventHandler).toBe(false);
    });

    test('added by hand are served', async () => {
      expect(await valuesOf(started().client.send('by hand', 1))).toEqual([{ byHand: 1 }]);
    });

    test('added after listening are served', async () => {
      const { server, client } = started();
      server.addHandler('late', () => Promise.resolve('late'));
      expect(await valuesOf(client.send('late', 1))).toEqual(['late']);
    });

    test('replaced in the map, as tracing libraries do, are served by the replacement', async () => {
      const { server, client } = started();
      const original = server.getHandlers().get('plain');
      if (original === undefined) throw new Error('No handler to replace');
      server.getHandlers().set(
        'plain',
        Object.assign(async (...args: Parameters<typeof original>) => ({ traced: await original(...args) }), {
          ...original,
        }),
      );
      expect(await valuesOf(client.send('plain', 1))).toEqual([{ traced: { plain: 1 } }]);
    });
  });
}

function describeListening(transport: TransportUnderTest): void {
  describe('a server that listens', () => {
    let contract: Contract;
    const controllers = [RoutesController];
    beforeEach(async () => {
      contract = await Contract.onFreePort(transport);
    });
    afterEach(async () => {
      await contract.close();
    });

    test('is connected from listening to its end, and then disconnected', async () => {
      let states: readonly string[] = [];
      const { app } = await contract.startService({
        controllers,
        configure: (_app, server) => {
          states = observe(server.status).values;
          expect(states).toEqual([]);
        },
      });
      expect(states).toEqual(['connected']);
      await app.close();
      await waitFor(() => states.length > 1, 'the last state');
      expect(states).toEqual(['connected', 'disconnected']);
    });

    test('tells its present state to late subscribers and to those of the application', async () => {
      const { app, server } = await contract.startService({ controllers });
      expect(observe(server.status).values).toEqual(['connected']);
      expect(observe(app.status).values).toEqual(['connected']);
    });

    test('emits its events to listeners registered before and after listening', async () => {
      const events: string[] = [];
      const record =
        (event: string): (() => void) =>
        () => {
          events.push(event);
        };
      const { app, server } = await contract.startService({
        controllers,
        configure: (_app, early) => {
          listenTo(early, 'listening', record('listening'));
          listenTo(early, 'connection', record('connection (early)'));
        },
      });
      listenTo(server, 'connection', record('connection (late)'));
      listenTo(server, 'close', record('close'));
      expect(events).toEqual(['listening']);
      await (await contract.openClient()).client.connect();
      await waitFor(() => events.length >= 3, 'a connection');
      expect(events.slice(1).sort()).toEqual(['connection (early)', 'connection (late)']);
      await app.close();
      await waitFor(() => events.includes('close'), 'the close event');
    });

    test('unwraps to what listens', async () => {
      const { app, server } = await contract.startService({ controllers });
      const unwrapped = server.unwrap() as { address: () => unknown };
      expect(unwrapped.address()).toEqual(transport.addressOf(contract.port));
      expect(app.unwrap<unknown>()).toBe(unwrapped);
    });

    test('on a port in use fails with EADDRINUSE, and is disconnected', async () => {
      const { client } = await contract.openClient();
      await contract.startService({ controllers });
      let states: readonly string[] = [];
      const second = contract.startService({
        controllers,
        configure: (_app, server) => {
          states = observe(server.status).values;
        },
      });
      await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
      expect(states).toEqual(['disconnected']);
      expect(await valuesOf(client.send('plain', 1))).toEqual([{ plain: 1 }]);
    });

    test('after a failed start listens when it is told to again', async () => {
      const first = await contract.startService({ controllers });
      let again = (): Promise<unknown> => Promise.reject(new Error('Not configured'));
      const second = contract.startService({
        controllers,
        configure: (app) => {
          again = () => app.listen();
        },
      });
      await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
      await first.app.close();
      await again();
      const { client } = await contract.openClient();
      expect(await valuesOf(client.send('plain', 1))).toEqual([{ plain: 1 }]);
    });

    test('calls the callback of listen once', async () => {
      const server = transport.createServer({ port: contract.port });
      const calls: unknown[][] = [];
      server.listen((...args) => calls.push(args));
      await waitFor(() => calls.length > 0, 'the callback of listen');
      await turns();
      await server.close();
      await turns();
      expect(calls).toEqual([[]]);
    });

    test('may be closed before it has listened', async () => {
      const server = transport.createServer({ port: contract.port });
      await server.close();
      await contract.startService({ controllers });
    });
  });
}
