import { describe, expect, test } from '@jest/globals';
import { RpcException } from '@nestjs/microservices';
import { config, take } from 'rxjs';
import { JstpClient, JstpArgs } from '../../../lib/index.js';
import { Application, RemoteError, type Api, type Connection } from '../../../lib/core.js';
import { type Back } from '../../support/core.js';
import { observe, valuesOf } from '../../support/observed.js';
import { waitFor, within } from '../../support/wait-for.js';
import { API, Bench, CallApplication, record } from './fixture.js';

describe('emit', () => {
  const bench = new Bench();

  test('sends an event whether somebody subscribes or not, once', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    for (const round of [1, 2]) {
      const emitted = client.emit('rooms.typing', round);
      await waitFor(() => application.events.length === round, 'the event');
      expect(await valuesOf(emitted)).toEqual([undefined]);
      expect(await valuesOf(emitted)).toEqual([undefined]);
    }
    await valuesOf(client.send('echo', 1));
    expect(application.events.map(({ interfaceName, event, args }) => [interfaceName, event, args])).toEqual([
      ['rooms', 'typing', [1]],
      ['rooms', 'typing', [2]],
    ]);
  });

  test('finds its event by string, by name and by route, and spreads JstpArgs', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    client.emit('a.b.c', JstpArgs.of(1, [2]));
    client.emit({ interface: 'i', event: 'e' }, [3]);
    client.emit({ cmd: 'x' }, 4);
    await waitFor(() => application.events.length === 3, 'the events');
    expect(application.events.map(({ interfaceName, event, args }) => [interfaceName, event, args])).toEqual([
      ['a.b', 'c', [1, [2]]],
      ['i', 'e', [[3]]],
      ['default', '{"cmd":"x"}', [4]],
    ]);
  });
});

describe('fromEvent', () => {
  const bench = new Bench();

  test('connects when somebody subscribes, and gives the argument, the array of several, or undefined', async () => {
    const { port, server, came } = await bench.serve();
    const client = bench.client(port);
    const source = client.fromEvent('news', 'flash');
    expect(await came()).toBe(0);
    const seen = observe(source);
    await waitFor(() => server.getClientsArray().length === 1, 'the client');
    server.broadcast('news', 'flash', 'one');
    server.broadcast('news', 'flash', 1, 2);
    server.broadcast('news', 'flash');
    server.broadcast('news', 'flash', [3]);
    server.broadcast('news', 'other', 'x');
    server.broadcast('other', 'flash', 'x');
    server.broadcast('news', 'last', 'x');
    expect(await seen.received(4)).toEqual(['one', [1, 2], undefined, [3]]);
    await valuesOf(client.send('echo', 1));
    expect(seen.values).toHaveLength(4);
  });

  test('tells every subscriber, and none after it has unsubscribed', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port);
    await client.connect();
    const first = observe(client.fromEvent('news', 'flash').pipe(take(1)));
    const second = observe(client.fromEvent('news', 'flash'));
    server.broadcast('news', 'flash', 1);
    await first.end();
    server.broadcast('news', 'flash', 2);
    await second.received(2);
    second.unsubscribe();
    server.broadcast('news', 'flash', 3);
    expect(await valuesOf(client.send('echo', 'after'))).toEqual(['after']);
    expect([first.values, second.values]).toEqual([[1], [1, 2]]);
  });

  test('goes on over a cut line, and over a new session', async () => {
    const { port, server, cut } = await bench.serve();
    const client = bench.client(port, { reconnect: { minDelayMs: 5 } });
    const events = record(client);
    const seen = observe(client.fromEvent<number>('news', 'flash'));
    await client.connect();
    server.broadcast('news', 'flash', 1);
    await seen.received(1);
    cut();
    await waitFor(() => events.includes('reconnect true'), 'the resume');
    server.broadcast('news', 'flash', 2);
    await seen.received(2);
    server.getClientsArray()[0]?.close();
    await waitFor(() => events.includes('reconnect false'), 'the new session');
    server.broadcast('news', 'flash', 3);
    expect(await seen.received(3)).toEqual([1, 2, 3]);
    expect(seen.ended).toBe(false);
  });

  test('is given the events that were sent while the line was down', async () => {
    const { port, server, cut } = await bench.serve();
    const client = bench.client(port);
    const seen = observe(client.fromEvent('news', 'flash'));
    await client.connect();
    server.once('disconnect', (peer) => {
      peer.emitRemoteEvent('news', 'flash', ['missed']);
    });
    cut();
    expect(await seen.received(1)).toEqual(['missed']);
  });

  test('a subscriber that throws disturbs no other', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port);
    await client.connect();
    const thrown: unknown[] = [];
    config.onUnhandledError = (error) => thrown.push(error);
    bench.ends(() => {
      config.onUnhandledError = null;
    });
    client.fromEvent('news', 'flash').subscribe(() => {
      throw new Error('of a subscriber');
    });
    const seen = observe(client.fromEvent('news', 'flash'));
    server.broadcast('news', 'flash', 1);
    server.broadcast('news', 'flash', 2);
    expect(await seen.received(2)).toEqual([1, 2]);
    await waitFor(() => thrown.length === 2, 'both reports of rxjs');
    expect(thrown[0]).toMatchObject({ message: 'of a subscriber' });
  });

  test('has names like __proto__ and constructor for names like any other', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port);
    const seen = observe(client.fromEvent('__proto__', 'constructor'));
    await client.connect();
    server.broadcast('__proto__', 'constructor', 1);
    expect(await seen.received(1)).toEqual([1]);
  });
});

describe('expose', () => {
  test.each<[unknown, string]>([
    [{ fits: () => true }, 'application.fits must be an object of functions, as in { screen: '],
    [{ screen: 5 }, 'application.screen must be an object of functions'],
    [null, 'application must be an Application, or interfaces with their methods, but null was given'],
  ])('refuses what has no interfaces: %p', (api, text) => {
    const client = new JstpClient();
    expect(() => {
      client.expose(api as never);
    }).toThrow(text);
  });

  const bench = new Bench();
  const api = {
    local: {
      double: (value: number): number => value * 2,
      fail: (): void => {
        throw new Error('of the exposed application');
      },
    },
  };
  const coreApi = {
    local: {
      double: (_connection: Connection, value: number, answer: Back): void => answer(null, value * 2),
    },
  } as unknown as Api;

  const callBack = async (
    peer: Connection | undefined,
    method: string,
    ...args: unknown[]
  ): Promise<unknown> => {
    if (!peer) throw new Error('No client');
    return within(peer.callMethod('local', method, args), 'the answer of the client');
  };

  test('lets the server call methods, exposed before connecting, after it, or by option', async () => {
    const { port, server } = await bench.serve();
    const early = bench.client(port);
    early.expose(api);
    await early.connect();
    expect(await callBack(server.getClientsArray()[0], 'double', 2)).toBe(4);
    await early.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end');

    const late = bench.client(port);
    await late.connect();
    await expect(callBack(server.getClientsArray()[0], 'double', 2)).rejects.toMatchObject({ code: 12 });
    late.expose(new Application<Connection>('mine', coreApi));
    expect(await callBack(server.getClientsArray()[0], 'double', 3)).toBe(6);
    await late.close();
    await waitFor(() => server.getClientsArray().length === 0, 'the end');

    const byOption = bench.client(port, { application: api });
    await byOption.connect();
    const [peer] = server.getClientsArray();
    expect(await callBack(peer, 'double', 4)).toBe(8);
    expect(await peer.inspectInterface('local')).toHaveProperty('double');
  });

  test('runs plain functions with what the server gives, and answers with what they return', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port, {
      application: {
        local: {
          rest: (...args: unknown[]) => args,
          optional: (first: unknown, second: unknown = 'default') => [first, second],
          promise: (value: unknown) => Promise.resolve([value]),
          async: async () => Promise.resolve('async'),
          nothing: () => undefined,
          several: () => JstpArgs.of(1, 2),
          remote: () => {
            throw new RemoteError(1001, 'no', [5]);
          },
          rpc: () => Promise.reject(new RpcException({ code: 7, message: 'seven' })),
          ...({ field: 5 } as object),
        },
      },
    });
    await client.connect();
    const [peer] = server.getClientsArray();
    expect(await callBack(peer, 'rest')).toEqual([]);
    expect(await callBack(peer, 'rest', 1, 'a', null)).toEqual([1, 'a', null]);
    expect(await callBack(peer, 'optional', 1)).toEqual([1, 'default']);
    expect(await callBack(peer, 'optional', 1, 2)).toEqual([1, 2]);
    expect(await callBack(peer, 'promise', 1)).toEqual([1]);
    expect(await callBack(peer, 'async')).toBe('async');
    expect(await callBack(peer, 'nothing', 'ignored')).toBeUndefined();
    expect(await callBack(peer, 'several')).toEqual([1, 2]);
    await expect(callBack(peer, 'remote')).rejects.toMatchObject({ code: 1001, message: 'no', info: [5] });
    await expect(callBack(peer, 'rpc')).rejects.toMatchObject({ code: 7, message: 'seven' });
    await expect(callBack(peer, 'field')).rejects.toMatchObject({ code: 14 });
    await expect(callBack(peer, 'toString')).rejects.toMatchObject({ code: 14 });
    await expect(peer.callMethod('constructor', 'x', [])).rejects.toMatchObject({ code: 12 });
    expect(Object.keys(await peer.inspectInterface('local'))).toEqual([
      'rest',
      'optional',
      'promise',
      'async',
      'nothing',
      'several',
      'remote',
      'rpc',
    ]);
  });

  test('takes calls whole where the application does', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port);
    client.expose(
      new CallApplication((call) => call.succeed([call.interfaceName, call.methodName, call.args])),
    );
    await client.connect();
    expect(await callBack(server.getClientsArray()[0], 'any', 1)).toEqual(['local', 'any', [1]]);
  });

  test('hands events to the handlers of the application and to fromEvent', async () => {
    const { port, server } = await bench.serve();
    const handled: unknown[] = [];
    const handlers = {
      news: { flash: (_connection: Connection, text: string): unknown => handled.push(text) },
    } as unknown as Api;
    const client = bench.client(port, { application: new Application<Connection>('mine', {}, handlers) });
    const seen = observe(client.fromEvent('news', 'flash'));
    await client.connect();
    server.broadcast('news', 'flash', 'x');
    await seen.received(1);
    expect([handled, seen.values]).toEqual([['x'], ['x']]);
  });

  test('takes an application that handles no events; those still reach fromEvent', async () => {
    const { port, server } = await bench.serve();
    const application = { name: 'mine', version: '1.0.0', callMethod: () => undefined, getMethods: () => [] };
    const client = bench.client(port, { application });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    const seen = observe(client.fromEvent('news', 'flash'));
    await client.connect();
    server.broadcast('news', 'flash', 1);
    expect(await seen.received(1)).toEqual([1]);
    expect(await valuesOf(client.send('echo', 'after'))).toEqual(['after']);
    expect(errors).toEqual([]);
  });

  test('reports what an exposed method throws, and tells the server nothing of it', async () => {
    const { port, server } = await bench.serve();
    const client = bench.client(port, { application: api });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    await client.connect();
    await expect(callBack(server.getClientsArray()[0], 'fail')).rejects.toMatchObject({
      code: 16,
      message: 'Internal API error',
    });
    expect(errors).toMatchObject([{ message: 'of the exposed application' }]);
  });

  test('holds over a reconnect', async () => {
    const { port, server, cut } = await bench.serve(API);
    const client = bench.client(port, { application: api });
    const events = record(client);
    await client.connect();
    cut();
    await waitFor(() => events.includes('reconnect true'), 'the resume');
    expect(await callBack(server.getClientsArray()[0], 'double', 5)).toBe(10);
  });
});
