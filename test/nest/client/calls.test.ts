import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, of, timeout, type Observable } from 'rxjs';
import { JstpArgs, JstpClient } from '../../../lib/index.js';
import { ERR_CALLBACK_LOST, RemoteError } from '../../../lib/core.js';
import { writes } from '../../support/core.js';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { isNest12 } from '../../support/nest-app.js';
import { waitFor, within } from '../../support/wait-for.js';
import { API, Bench, CallApplication } from './fixture.js';

interface Metadata {
  metadata?: Record<string, unknown>;
}

describe('send', () => {
  const bench = new Bench();

  test.each<unknown>(['text', 0, false, '', [5], [], { a: { b: null } }, JstpArgs.of(1).values])(
    'makes %j the one argument, and gives the one result',
    async (data) => {
      const { port } = await bench.serve();
      expect(await valuesOf(bench.client(port).send('echo', data))).toEqual([data]);
    },
  );

  test('spreads JstpArgs, and finds an interface by the last dot or by its name', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    expect(await valuesOf(client.send('calc.add', JstpArgs.of(2, 3)))).toEqual([5]);
    expect(await valuesOf(client.send({ interface: 'calc', method: 'add' }, JstpArgs.of(4, 5)))).toEqual([9]);
    expect(await valuesOf(client.send('calc.nothing', JstpArgs.of()))).toEqual([]);
    expect(await valuesOf(client.send('calc.pair', JstpArgs.of()))).toEqual([['first', 'second']]);
  });

  test('calls without arguments, and sends an event without any, where a pattern is all that is given', async () => {
    const application = new CallApplication((call) => call.succeed([call.args.length]));
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    await valuesOf(client.emit('rooms.closed'));
    expect(await valuesOf(client.send('rooms.list'))).toEqual([0]);
    expect(application.events).toMatchObject([{ interfaceName: 'rooms', event: 'closed', args: [] }]);
  });

  test('reaches a Nest pattern by its route in the default interface', async () => {
    const { port } = await bench.serve(
      new CallApplication((call) => call.succeed([call.interfaceName, call.methodName])),
    );
    const client = bench.client(port);
    expect(await valuesOf(client.send({ cmd: 'sum', a: 1 }, 1))).toEqual([
      ['default', '{"a":1,"cmd":"sum"}'],
    ]);
    expect(await valuesOf(client.send(17, 1))).toEqual([['default', '17']]);
    expect(await valuesOf(client.send('call', 1))).toEqual([['default', 'call']]);
  });

  test('fails where pattern or data are missing, as with any Nest client', async () => {
    const client = bench.client(1);
    for (const [pattern, data] of [
      [null, 1],
      [undefined, 1],
      ['echo', null],
      ['echo', undefined],
    ]) {
      expect(await errorOf(client.send(pattern, data))).toMatchObject({
        message: expect.stringContaining('invalid data or message pattern'),
      });
      expect(await errorOf(client.emit(pattern, data))).toMatchObject({
        message: expect.stringContaining('invalid data or message pattern'),
      });
    }
  });

  test('calls once for each subscription, and not before', async () => {
    const application = new CallApplication();
    const { port, came } = await bench.serve(application);
    const call = bench.client(port).send('echo', 1);
    expect(await came()).toBe(0);
    expect(await valuesOf(call)).toEqual([1]);
    expect(await valuesOf(call)).toEqual([1]);
    expect(application.calls).toHaveLength(2);
  });

  test('once connected calls at the subscription itself, so that the order of calls and events is kept', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    for (const round of ['cold', 'warm']) {
      application.calls.length = 0;
      application.events.length = 0;
      const order: string[] = [];
      application.handleCall = (call) => {
        order.push(`call ${String(call.args[0])}`);
        call.succeed([]);
      };
      application.handleEvent = (_connection, _interfaceName, _event, args) => {
        order.push(`event ${String(args[0])}`);
      };
      const first = observe(client.send('m', 1));
      client.emit('e', 2);
      const second = observe(client.send('m', 3));
      client.emit('e', 4);
      await Promise.all([first.end(), second.end()]);
      await waitFor(() => order.length === 4, `the ${round} round`);
      expect(order).toEqual(['call 1', 'event 2', 'call 3', 'event 4']);
    }
  });

  test('gives the values of a stream while it runs, apart from those of another', async () => {
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      for (const value of call.args[0] as unknown[]) stream.write(value);
    });
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    const one = observe(client.send('stream', [1, null, undefined, [2]]));
    const two = observe(client.send('stream', ['a', 'b']));
    expect(await one.received(4)).toEqual([1, null, undefined, [2]]);
    expect(await two.received(2)).toEqual(['a', 'b']);
    expect([one.ended, two.ended]).toEqual([false, false]);
    for (const call of application.calls) call.openStream().end();
    await Promise.all([one.end(), two.end()]);
    expect([one.completed, one.values.length, two.completed]).toEqual([true, 4, true]);
  });

  test('gives the error of a stream after its values', async () => {
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      stream.write(1);
      stream.fail([5, 'five', { code: 5, message: 'five' }]);
    });
    const { port } = await bench.serve(application);
    const observed = await observe(bench.client(port).send('stream', 1)).end();
    expect(observed.values).toEqual([1]);
    expect(observed.failure).toEqual({ error: { code: 5, message: 'five' } });
  });

  test('takes more values than the first credit allows', async () => {
    const count = 1000;
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      void (async () => {
        for (let n = 0; n < count; n++) {
          stream.write(n);
          await stream.ready();
        }
        stream.end();
      })();
    });
    const { port } = await bench.serve(application);
    expect(await valuesOf(bench.client(port).send('stream', 1))).toHaveLength(count);
  });

  test.each<[string, (source: Observable<unknown>) => { unsubscribe(): void }]>([
    ['unsubscribing', (source) => source.subscribe()],
    ['a timeout of rxjs', (source) => source.pipe(timeout({ each: 20, with: () => of('late') })).subscribe()],
  ])('is cancelled at the server by %s', async (title, subscribe) => {
    const application = new CallApplication(() => undefined);
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    // Else the timeout may end the call before it was sent.
    await client.connect();
    const subscription = subscribe(client.send('m', 1));
    await waitFor(() => application.calls.length === 1, 'the call');
    const [call] = application.calls;
    const { signal } = call;
    if (title === 'unsubscribing') subscription.unsubscribe();
    await waitFor(() => signal.aborted, 'the cancellation');
    expect(call.isOpen).toBe(false);
  });

  test('is not sent at all when it is given up while the client connects', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    const observed = observe(client.send('m', 1));
    observed.unsubscribe();
    expect(await valuesOf(client.send('m', 2))).toEqual([2]);
    expect(application.calls.map(({ args }) => args)).toEqual([[2]]);
    expect(observed.ended).toBe(false);
  });

  test('sends no cancel for a call that has ended', async () => {
    const { port, server } = await bench.serve();
    const kinds: unknown[] = [];
    server.on('log', (_connection, event, message) => {
      if (event === 'incomingMessage') kinds.push(Object.keys(message as object)[0]);
    });
    const client = bench.client(port);
    const observed = await observe(client.send('echo', 1)).end();
    observed.unsubscribe();
    expect(await valuesOf(client.send('echo', 2))).toEqual([2]);
    expect(kinds.filter((kind) => kind === 'cancel')).toEqual([]);
  });

  test('goes through what a subclass makes of observers, errors and responses', async () => {
    class Shouting extends JstpClient {
      protected override serializeError(error: unknown): unknown {
        return { wrapped: error };
      }
      protected override serializeResponse(response: unknown): unknown {
        return `${String(response)}!`;
      }
    }
    const { port } = await bench.serve();
    const client = new Shouting({ app: 'app', host: '127.0.0.1', port });
    bench.ends(() => client.close());
    expect(await valuesOf(client.send('echo', 'a'))).toEqual(['a!']);
    expect(await errorOf(client.send('calc.fail', 'no'))).toMatchObject({ wrapped: { message: 'no' } });
  });

  (isNest12 ? test : test.skip)('carries what the dispatch hook attaches, at each subscription', async () => {
    const application = new CallApplication();
    const { port } = await bench.serve(application);
    const client = bench.client(port);
    let dispatched = 0;
    client.setOnDispatchHook((packet) => {
      dispatched += 1;
      (packet as Metadata).metadata = { n: String(dispatched) };
    });
    const call = client.send('m', 1);
    expect(dispatched).toBe(0);
    await valuesOf(call);
    await valuesOf(call);
    client.emit('e', 1);
    await client.call('i', 'm', 1);
    await waitFor(() => application.events.length === 1, 'the event');
    expect(application.calls.map(({ metadata }) => metadata)).toEqual([{ n: '1' }, { n: '2' }, { n: '4' }]);
    expect(application.events[0]?.metadata).toEqual({ n: '3' });
  });

  (isNest12 ? test : test.skip)('fails with what the dispatch hook throws, connected or not', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    const failure = new Error('of the hook');
    client.setOnDispatchHook(() => {
      throw failure;
    });
    for (const round of ['cold', 'warm']) {
      expect([round, await errorOf(client.send('echo', 1))]).toEqual([round, failure]);
      expect([round, await errorOf(client.emit('event', 1))]).toEqual([round, failure]);
    }
  });
});

describe('the error of a call', () => {
  const bench = new Bench();

  test('is the Nest value that a Nest peer sent', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    const send = (error: unknown): Promise<unknown> => errorOf(client.send('calc.fail', JstpArgs.of(error)));
    expect(await send([1, 'no', { status: 'error', message: 'no' }])).toStrictEqual({
      status: 'error',
      message: 'no',
    });
    expect(await send([14, 'no handler', 'no handler'])).toBe('no handler');
  });

  test('is a RemoteError otherwise', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    const error = await errorOf(client.send('calc.fail', [1001, 'limit']));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ code: 1001, message: 'limit' });
    expect(await errorOf(client.send('calc.unknown', 1))).toMatchObject({ code: 14 });
    expect(await errorOf(client.send('unknown.method', 1))).toMatchObject({ code: 12 });
    expect(await errorOf(client.send('calc.add', 1))).toMatchObject({ code: 17 });
  });

  test('is a RemoteError with all its info from a peer that has not agreed on nest', async () => {
    const { port } = await bench.serve(API, { extensions: [] });
    const client = bench.client(port);
    expect(await errorOf(client.send('calc.fail', [5, 'no', { message: 'no' }]))).toMatchObject({
      name: 'RemoteError',
      code: 5,
      info: [{ message: 'no' }],
    });
  });

  test('says why arguments cannot be sent, and harms nothing else', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    expect(await errorOf(client.send('echo', { big: 5n }))).toMatchObject({ code: 'ERR_MDSF_BIGINT' });
    expect(await errorOf(client.emit('echo', { big: 5n }))).toMatchObject({ code: 'ERR_MDSF_BIGINT' });
    expect(await valuesOf(client.send('echo', 1))).toEqual([1]);
  });

  test('says which names an old peer cannot be sent', async () => {
    const { port } = await bench.serve(API, { extensions: [] });
    expect(await errorOf(bench.client(port).send('17', 1))).toMatchObject({ code: -10 });
  });
});

describe('call, proxy and inspect', () => {
  const bench = new Bench();
  interface Calc {
    add(a: number, b: number): number;
    pair(): [string, string];
    nothing(): void;
    then(): void;
  }

  test('call gives a Promise of the result', async () => {
    const { port } = await bench.serve();
    const client = bench.client(port);
    expect(await client.call('calc', 'add', 1, 2)).toBe(3);
    expect(await client.call('calc', 'pair')).toEqual(['first', 'second']);
    expect(await client.call('calc', 'nothing')).toBeUndefined();
    expect(await client.call('default', 'echo', null)).toBeNull();
    await expect(client.call('calc', 'sub')).rejects.toMatchObject({ code: 14 });
  });

  test('call gives the last value of a stream', async () => {
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      for (const value of [1, 2, 3]) stream.write(value);
      stream.end();
    });
    const { port } = await bench.serve(application);
    expect(await bench.client(port).call('a', 'b')).toBe(3);
  });

  test('a proxy calls the methods of its interface, each by its name', async () => {
    const { port, connections } = await bench.serve();
    const calc = bench.client(port).proxy<Calc>('calc');
    expect(connections()).toBe(0);
    const sum: number = await calc.add(1, 2);
    const [first]: [string, string] = await calc.pair();
    expect([sum, first]).toEqual([3, 'first']);
    expect(calc.add).toBe(calc.add);
    await expect(calc.nothing()).resolves.toBeUndefined();
  });

  test('a proxy may be awaited and given as a provider: it has no then and no lifecycle hooks', async () => {
    const { port, came } = await bench.serve();
    const calc = bench.client(port).proxy<Calc>('calc');
    expect(await within(Promise.resolve(calc), 'a proxy')).toBe(calc);
    for (const name of ['then', 'onModuleInit', 'onApplicationShutdown', Symbol.toPrimitive]) {
      expect(Reflect.get(calc, name)).toBeUndefined();
    }
    expect(await came()).toBe(0);
  });

  test('inspect lists the methods in their order, names of an emitter too', async () => {
    const { port } = await bench.serve({ odd: { then: () => 1, on: () => 2, emit: () => 3 }, empty: {} });
    const client = bench.client(port);
    expect(await client.inspect('odd')).toEqual(['then', 'on', 'emit']);
    expect(await client.inspect('empty')).toEqual([]);
    await expect(client.inspect('missing')).rejects.toMatchObject({ code: 12 });
  });

  test.each<[string, string, (client: JstpClient) => Promise<unknown>]>([
    ['send of a string', 'rooms.silent', (client) => firstValueFrom(client.send('rooms.silent', 1))],
    ['send of an object', '{"cmd":"x"}', (client) => firstValueFrom(client.send({ cmd: 'x' }, 1))],
    ['call', 'rooms.join', (client) => client.call('rooms', 'join')],
    ['a proxy', 'calc.add', (client) => client.proxy<Calc>('calc').add(1, 2)],
    ['inspect', 'rooms', (client) => client.inspect('rooms')],
  ])('%s rejects with an Error that names it where its answer is lost', async (_title, pattern, run) => {
    const { port, sockets } = await bench.serve(new CallApplication(() => undefined));
    const client = bench.client(port);
    const connection = await client.connect();
    for (const socket of sockets) socket.pause();
    let outcome: Promise<unknown> = Promise.resolve();
    await writes(connection, () => (outcome = run(client).catch((error: unknown) => error)));
    await client.close();
    const error = await within(outcome, 'the outcome');
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ code: ERR_CALLBACK_LOST, message: expect.stringContaining(pattern) });
    expect((error as Error).stack).toContain(pattern);
  });

  test('all of them fail with the reason where there is no server', async () => {
    const client = bench.client(1);
    const refused = { code: 'ECONNREFUSED' };
    await expect(client.call('a', 'b')).rejects.toMatchObject(refused);
    await expect(client.proxy<Calc>('calc').add(1, 2)).rejects.toMatchObject(refused);
    await expect(client.inspect('a')).rejects.toMatchObject(refused);
  });
});
