import { describe, expect, test } from '@jest/globals';
import { Controller, Get, Inject, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientsModule,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type ClientProxy,
} from '@nestjs/microservices';
import { interval, map, of, type Observable } from 'rxjs';
import {
  ERR_CALLBACK_LOST,
  ERR_SERVER_CLOSING,
  ERR_STREAM_ENDED,
  JstpClient,
  JstpContext,
  type JstpClientOptions,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { createFaultProxy, type FaultProxy } from '../../../lib/testing/index.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { LOOPBACK } from '../../support/ports.js';
import { turns } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, callError, KeptLog, startService, type Service } from './fixture.js';

/** What the handlers of a service do. */
class Works {
  readonly ran: unknown[] = [];
  private readonly gates: ((value: unknown) => void)[] = [];

  /** Ends what is held. */
  release(value: unknown): void {
    for (const gate of this.gates.splice(0)) gate(value);
  }

  hold(what: unknown): Promise<unknown> {
    this.ran.push(what);
    return new Promise((resolve) => this.gates.push(resolve));
  }
}

interface Side {
  readonly service: Service;
  readonly works: Works;
  readonly log: KeptLog;
}

async function start(name: string, options: JstpServerOptions = {}): Promise<Side> {
  const works = new Works();
  const log = new KeptLog();

  @Controller()
  class WorksController implements OnApplicationShutdown {
    @MessagePattern('works.held')
    async held(@Payload() what: unknown): Promise<unknown> {
      return works.hold(what);
    }

    @MessagePattern('works.name')
    name(): string {
      return name;
    }

    @MessagePattern('works.stream')
    async stream(@Payload() what: unknown): Promise<Observable<unknown>> {
      return of(1, 2, await works.hold(what));
    }

    @MessagePattern('works.ticks')
    ticks(): Observable<string> {
      return interval(5).pipe(map(() => name));
    }

    @MessagePattern('works.stubborn')
    stubborn(): Promise<never> {
      works.ran.push('stubborn');
      return new Promise(() => undefined);
    }

    @MessagePattern('works.tidy')
    async tidy(@Ctx() context: JstpContext): Promise<void> {
      works.ran.push('tidy');
      await new Promise<void>((resolve) => context.getSignal().addEventListener('abort', () => resolve()));
      await turns();
      works.ran.push('tidied up');
    }

    @EventPattern('works.told')
    async told(@Payload() what: unknown): Promise<void> {
      await works.hold(what);
      works.ran.push(`${String(what)} has ended`);
    }

    onApplicationShutdown(): void {
      works.ran.push('shut down');
    }
  }

  const service = await startService({ controllers: [WorksController], options, logger: log });
  return { service, works, log };
}

/** Two services behind a balancer, which sends new connections to the first at first. */
async function startTwo(
  options: JstpServerOptions = {},
  clientOptions: JstpClientOptions = {},
): Promise<{ sides: readonly [Side, Side]; client: JstpClient; balance(place: 0 | 1): void }> {
  const sides = [await start('first', options), await start('second', options)] as const;
  let next = sides[0].service.port;
  const balancer: FaultProxy = await createFaultProxy({
    get port() {
      return next;
    },
  });
  atEnd(() => balancer.close());
  const client = new JstpClient({ host: LOOPBACK, port: balancer.port, ...clientOptions });
  atEnd(() => client.close());
  await client.connect();
  return { sides, client, balance: (place) => (next = sides[place].service.port) };
}

describe('a server without a store that closes', () => {
  test('lets calls, events and streams end, while new calls go to the next server', async () => {
    const { sides, client, balance } = await startTwo();
    const [{ service, works }] = sides;
    const call = observe(client.send('works.held', 'call'));
    const stream = observe(client.send('works.stream', 'stream'));
    client.emit('works.told', 'event').subscribe();
    await waitFor(() => works.ran.length === 3, 'all handlers');
    balance(1);
    const closed = service.app.close();
    // In the same turn: these are on their way to a server that has not told yet that it leaves.
    const refused = [1, 2, 3].map(() => observe(client.send('works.name', 0)));
    for (const { values } of await Promise.all(refused.map((one) => one.end())))
      expect(values).toEqual(['second']);
    expect(await valuesOf(client.send('works.name', 0))).toEqual(['second']);
    expect([call.ended, stream.ended, works.ran.length]).toEqual([false, false, 3]);
    works.release('late');
    await within(closed, 'the close');
    expect((await call.end()).values).toEqual(['late']);
    expect((await stream.end()).values).toEqual([1, 2, 'late']);
    expect(works.ran).toEqual(['call', 'stream', 'event', 'event has ended', 'shut down']);
    expect(await valuesOf(client.send('works.name', 0))).toEqual(['second']);
  });

  test('tells clients, which log in elsewhere at once, though they call nothing', async () => {
    const { sides, client, balance } = await startTwo();
    const heard: string[] = [];
    for (const name of ['close', 'sessionLost', 'connect'] as const) client.on(name, () => heard.push(name));
    balance(1);
    await within(sides[0].service.app.close(), 'the close');
    await waitFor(() => heard.includes('connect'), 'the next connection');
    expect(heard).toEqual(['close', 'sessionLost', 'connect']);
    expect([...sides[1].service.server.getClients()]).toHaveLength(1);
  });

  test('serves what a handler in service needs of its client', async () => {
    const { sides, client, balance } = await startTwo();
    const [{ service, works }] = sides;
    client.expose({ home: { name: () => 'ann' } });
    const call = observe(client.send('works.held', 'call'));
    await waitFor(() => works.ran.length === 1, 'the handler');
    const [connection] = service.server.getClients();
    balance(1);
    const closed = service.app.close();
    await waitFor(() => [...sides[1].service.server.getClients()].length === 1, 'the next connection');
    works.release(await within(connection.callMethod('home', 'name', []), 'the client'));
    expect((await call.end()).values).toEqual(['ann']);
    await within(closed, 'the close');
  });

  test('cuts off what takes longer than drainTimeoutMs: -1 for callers, a signal for handlers, which may tidy up', async () => {
    const { sides, client, balance } = await startTwo({ limits: { drainTimeoutMs: 50 } });
    const [{ service, works }] = sides;
    const call = observe(client.send('works.tidy', 0));
    const endless = observe(client.send('works.ticks', 0));
    await endless.received(1);
    balance(1);
    await within(service.app.close(), 'the close');
    expect((await call.end()).failure).toMatchObject({ error: { code: ERR_CALLBACK_LOST } });
    expect((await endless.end()).failure).toMatchObject({ error: { code: ERR_CALLBACK_LOST } });
    expect(works.ran).toEqual(['tidy', 'tidied up', 'shut down']);
  });

  test('warns of handlers that run on all the same', async () => {
    const limits = { drainTimeoutMs: 20, closeTimeoutMs: 20 };
    const { sides, client, balance } = await startTwo({ limits });
    // The last application to start has set the logger of all.
    const [{ service, works }, { log }] = sides;
    const call = observe(client.send('works.stubborn', 0));
    await waitFor(() => works.ran.length === 1, 'the handler');
    balance(1);
    await within(service.app.close(), 'the close');
    await call.end();
    expect(log.lines.filter((line) => String(line).includes('run on'))).toEqual([
      'Handlers that run on after the close, though their signals were aborted: 1',
    ]);
  });

  test('ends streams at once where drainStreams is end', async () => {
    const { sides, client, balance } = await startTwo({ drainStreams: 'end' });
    const endless = observe(client.send('works.ticks', 0));
    await endless.received(1);
    balance(1);
    await within(sides[0].service.app.close(), 'the close');
    expect((await endless.end()).failure).toMatchObject({ error: { code: ERR_STREAM_ENDED } });
  });

  test('moves streams to the next server where drainStreams is move', async () => {
    const { sides, client, balance } = await startTwo({ drainStreams: 'move' });
    const endless = observe(client.send('works.ticks', 0));
    await endless.received(1);
    balance(1);
    await within(sides[0].service.app.close(), 'the close');
    await waitFor(() => endless.values.at(-1) === 'second', 'values of the next server');
    expect(endless.ended).toBe(false);
    endless.unsubscribe();
  });

  test('refuses new calls of clients that do not hear of it, with a code of its own', async () => {
    const { service, works } = await start('only');
    const connection = await service.connect();
    const held = connection.callMethod('works', 'held', ['call']);
    await waitFor(() => works.ran.length === 1, 'the handler');
    const closed = service.app.close();
    expect(await callError(connection.callMethod('works', 'name', []))).toMatchObject({
      code: ERR_SERVER_CLOSING,
      message: 'The server is closing: the call was not run',
    });
    works.release('done');
    expect(await held).toBe('done');
    await within(closed, 'the close');
    expect(works.ran).toEqual(['call', 'shut down']);
  });
});

describe('what was refused by a server that closes', () => {
  const held = async (options: JstpClientOptions) => {
    const { service, works } = await start('only');
    const client = new JstpClient({ host: LOOPBACK, port: service.port, ...options });
    atEnd(() => client.close());
    const call = observe(client.send('works.held', 'call'));
    await waitFor(() => works.ran.length === 1, 'the handler');
    const closed = service.app.close();
    const refused = observe(client.send('works.name', 0));
    const end = async (): Promise<void> => {
      works.release('done');
      expect((await call.end()).values).toEqual(['done']);
      await within(closed, 'the close');
    };
    return { client, refused, end };
  };

  test.each([{ resumeTimeoutMs: 50 }, { offline: 'fail' }, { reconnect: false }] as const)(
    'fails with the error of an attempt, where no server comes in time (%j)',
    async (options) => {
      const { client, refused, end } = await held(options);
      expect((await refused.end()).failure).toMatchObject({ error: { code: 'ECONNREFUSED' } });
      expect(await errorOf(client.send('works.name', 0))).toMatchObject({ code: 'ECONNREFUSED' });
      await end();
    },
  );

  test('is not sent again after it was unsubscribed, and fails where the client closes', async () => {
    const { client, refused, end } = await held({ resumeTimeoutMs: Infinity });
    const states = observe(client.status);
    await waitFor(() => states.values.at(-1) === 'disconnected', 'the word of the server');
    const other = observe(client.send('works.name', 0));
    const event = observe(client.emit('works.told', 0));
    await turns();
    refused.unsubscribe();
    const closed = client.close();
    await end();
    await within(closed, 'the close of the client');
    for (const { failure } of [await other.end(), await event.end()])
      expect(failure).toMatchObject({ error: { message: 'The client was closed while it was connecting' } });
    expect(refused.ended).toBe(false);
  });
});

describe('a hybrid application that closes', () => {
  test('lets HTTP requests use its clients to the end', async () => {
    const { service, works } = await start('behind');

    @Controller()
    class Gateway {
      constructor(@Inject('WORKS') private readonly client: ClientProxy) {}

      @Get('held')
      held(): Observable<unknown> {
        return this.client.send('works.held', 'request');
      }
    }

    const app = await NestFactory.create(
      moduleOf({
        imports: [
          ClientsModule.register([
            { name: 'WORKS', customClass: JstpClient, options: { host: LOOPBACK, port: service.port } },
          ]),
        ],
        controllers: [Gateway],
      }),
      QUIET,
    );
    atEnd(() => app.close());
    await app.listen(0, LOOPBACK);
    const answer = fetch(`${await app.getUrl()}/held`, { headers: { connection: 'close' } });
    await waitFor(() => works.ran.length === 1, 'the handler');
    const closed = app.close();
    await turns();
    works.release('an answer');
    expect(await (await within(answer, 'the answer')).text()).toBe('an answer');
    await within(closed, 'the close');
  });
});
