import { describe, expect, test } from '@jest/globals';
import { EMPTY, firstValueFrom, map, of, retry, tap, throwError, toArray, type Observable } from 'rxjs';
import {
  ConfigurationError,
  ERR_CALL_TIMEOUT,
  JstpArgs,
  JstpClient,
  JstpRecord,
  JstpRecordBuilder,
  RemoteError,
  type JstpClientCall,
  type JstpClientInterceptor,
  type JstpClientInterceptorFunction,
  type JstpClientNext,
  type JstpClientOptions,
} from '../../../lib/index.js';
import { turns } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { CallApplication, MemoryBench } from './fixture.js';

const bench = new MemoryBench();

/** A server that keeps what it gets, and a client with interceptors. */
function start(
  interceptors: JstpClientOptions['interceptors'],
  application = new CallApplication(),
): { client: JstpClient; application: CallApplication } {
  bench.serve(application);
  return { client: bench.client({ interceptors }), application };
}

/** Notes what passes it, both ways. */
function noting(notes: unknown[], name: string): JstpClientInterceptorFunction {
  return (call, next) => {
    notes.push(`${name} >`);
    return next(call).pipe(tap(() => notes.push(`${name} <`)));
  };
}

describe('the interceptors of a client', () => {
  test('are a chain in their order: functions and objects, each around those after it', async () => {
    const notes: unknown[] = [];
    const object: JstpClientInterceptor = { intercept: noting(notes, 'second') };
    const { client } = start([noting(notes, 'first'), object, noting(notes, 'third')]);
    expect(await client.call('default', 'echo', 'hello')).toBe('hello');
    expect(notes).toEqual(['first >', 'second >', 'third >', 'third <', 'second <', 'first <']);
  });

  test('see calls of send, call and proxy, and events, by the names of interface and method', async () => {
    const seen: JstpClientCall[] = [];
    const { client } = start([
      (call, next) => {
        seen.push(call);
        return next(call);
      },
    ]);
    await firstValueFrom(client.send('rooms.join', 'lobby'));
    await firstValueFrom(client.send({ cmd: 'sum' }, [1, 2]));
    await client.call('rooms', 'say', 'lobby', 'hello');
    await client.proxy<{ leave(room: string): void }>('rooms').leave('lobby');
    await firstValueFrom(client.emit({ interface: 'rooms', event: 'typing' }, 'ann'), { defaultValue: 0 });
    expect(seen).toEqual([
      { type: 'call', interface: 'rooms', method: 'join', data: 'lobby' },
      { type: 'call', interface: 'default', method: '{"cmd":"sum"}', data: [1, 2] },
      { type: 'call', interface: 'rooms', method: 'say', data: JstpArgs.of('lobby', 'hello') },
      { type: 'call', interface: 'rooms', method: 'leave', data: JstpArgs.of('lobby') },
      { type: 'event', interface: 'rooms', method: 'typing', data: 'ann' },
    ]);
  });

  test('may send another call: other data, metadata and target', async () => {
    const { client, application } = start([
      (call, next) => next({ ...call, data: JstpArgs.of('hall', 'quietly'), metadata: { tenant: 'a' } }),
      (call, next) =>
        next({ ...call, method: `${call.method}2`, metadata: { ...call.metadata, locale: 'de' } }),
    ]);
    expect(await client.call('rooms', 'join', 'lobby')).toEqual(['hall', 'quietly']);
    const [{ interfaceName, methodName, args, metadata }] = application.calls;
    expect([interfaceName, methodName, args]).toEqual(['rooms', 'join2', ['hall', 'quietly']]);
    expect(metadata).toEqual({ tenant: 'a', locale: 'de' });
  });

  test('see and change what a record says, and may answer with a record of their own', async () => {
    const seen: JstpClientCall[] = [];
    const replies: unknown[] = [];
    const { client, application } = start(
      [
        (call, next) => {
          seen.push(call);
          const { metadata } = new JstpRecordBuilder().setMetadata({ tenant: 'b' }).build().options;
          return next({
            ...call,
            data: new JstpRecord(call.data, { metadata: { ...call.metadata, ...metadata } }),
          });
        },
      ],
      new CallApplication((call) => {
        call.setReplyMetadata({ seen: true });
        call.succeed([]);
      }),
    );
    const record = new JstpRecordBuilder('lobby')
      .setMetadata({ locale: 'de', tenant: 'a' })
      .onReplyMetadata((metadata) => replies.push(metadata))
      .build();
    await firstValueFrom(client.send('rooms.join', record), { defaultValue: 0 });
    expect(seen).toMatchObject([{ method: 'join', data: 'lobby', metadata: { locale: 'de', tenant: 'a' } }]);
    expect(application.calls[0]).toMatchObject({ args: ['lobby'], metadata: { locale: 'de', tenant: 'b' } });
    expect(replies).toEqual([{ seen: true }]);
  });

  test('may give a call a deadline', async () => {
    const silent = new CallApplication(() => undefined);
    const { client } = start([(call, next) => next({ ...call, timeout: 20 })], silent);
    await expect(within(client.call('any', 'thing'), 'the deadline')).rejects.toMatchObject({
      code: ERR_CALL_TIMEOUT,
    });
  });

  test('add to the metadata of events', async () => {
    const { client, application } = start([(call, next) => next({ ...call, metadata: { tenant: 'a' } })]);
    client.emit('news.said', 'hello');
    await waitFor(() => application.events.length > 0, 'the event');
    expect(application.events).toEqual([
      { interfaceName: 'news', event: 'said', args: ['hello'], metadata: { tenant: 'a' } },
    ]);
  });

  test('may change results, of streams each value', async () => {
    const application = new CallApplication((call) => {
      const stream = call.openStream();
      for (const value of [1, 2, 3]) stream.write(value);
      stream.end();
    });
    const { client } = start(
      [(call, next) => next(call).pipe(map((value) => Number(value) * 10))],
      application,
    );
    const values = client.send('numbers.count', 3).pipe(toArray());
    expect(await within(firstValueFrom(values), 'the values')).toEqual([10, 20, 30]);
  });

  test('may call again: each subscription to the rest of the chain is a call of its own', async () => {
    let attempts = 0;
    const application = new CallApplication((call) => {
      attempts += 1;
      if (attempts < 3) call.fail(new RemoteError(1001, 'busy'));
      else call.succeed([attempts]);
    });
    const inner: string[] = [];
    const { client } = start(
      [
        (call, next) => next(call).pipe(retry(2)),
        (call, next) => {
          inner.push(call.method);
          return next(call);
        },
      ],
      application,
    );
    expect(await client.call('jobs', 'run')).toBe(3);
    expect(inner).toEqual(['run', 'run', 'run']);
  });

  test('may answer without a call, and with an error', async () => {
    const { client, application } = start([
      ({ method }, next) => {
        if (method === 'cached') return of('from the cache');
        if (method === 'refused') return throwError(() => new RemoteError(11));
        return method === 'nothing' ? EMPTY : next({} as JstpClientCall);
      },
    ]);
    expect(await client.call('any', 'cached')).toBe('from the cache');
    await expect(client.call('any', 'refused')).rejects.toMatchObject({ code: 11 });
    expect(await client.call('any', 'nothing')).toBeUndefined();
    await turns();
    expect(application.calls).toEqual([]);
  });

  test('may be asynchronous', async () => {
    const { client, application } = start([
      async (call, next) => {
        await turns(1);
        return next({ ...call, metadata: { token: 'fetched' } });
      },
    ]);
    await client.call('any', 'thing');
    expect(application.calls[0].metadata).toEqual({ token: 'fetched' });
  });

  test('run at each subscription, and not before', async () => {
    const notes: unknown[] = [];
    const { client, application } = start([noting(notes, 'it')]);
    const cold = client.send('any.thing', 1);
    expect(notes).toEqual([]);
    await firstValueFrom(cold);
    await firstValueFrom(cold);
    expect(notes).toEqual(['it >', 'it <', 'it >', 'it <']);
    expect(application.calls).toHaveLength(2);
  });

  test('send an event at once and once, however many subscribe to it', async () => {
    const notes: unknown[] = [];
    const { client, application } = start([noting(notes, 'it')]);
    const sent = client.emit('news.said', 'hello');
    await firstValueFrom(sent, { defaultValue: 0 });
    await firstValueFrom(sent, { defaultValue: 0 });
    await turns();
    expect(application.events).toHaveLength(1);
    expect(notes[0]).toBe('it >');
  });

  test('whose caller unsubscribes cancel the call', async () => {
    const { client, application } = start([(call, next) => next(call)], new CallApplication(() => undefined));
    const subscription = client.send('any.thing', 1).subscribe();
    await waitFor(() => application.calls.length > 0, 'the call');
    subscription.unsubscribe();
    await waitFor(() => application.calls[0].signal.aborted, 'the cancel');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a value', 5],
    ['a Promise of nothing', Promise.resolve()],
  ])('that return %s fail the call with an error that names them', async (_title, result) => {
    const { client } = start([(call, next) => next(call), () => result as Observable<unknown>]);
    await expect(client.call('any', 'thing')).rejects.toThrow(
      'interceptors[1] of JstpClient returned no Observable',
    );
  });

  test('that throw fail the call with what they throw, and an event as well', async () => {
    const { client } = start([
      () => {
        throw new Error('no tenant');
      },
    ]);
    await expect(client.call('any', 'thing')).rejects.toThrow('no tenant');
    await expect(firstValueFrom(client.emit('any.event', 1))).rejects.toThrow('no tenant');
  });

  test('see the pattern of a serializer unchanged', async () => {
    const patterns: unknown[] = [];
    const serializer = {
      serialize: (packet: { pattern: unknown }) => {
        patterns.push(packet.pattern);
        return packet;
      },
    };
    bench.serve(new CallApplication());
    const client = bench.client({ serializer, interceptors: [(call, next) => next(call)] });
    await firstValueFrom(client.send({ cmd: 'sum' }, 1));
    expect(patterns).toEqual([{ cmd: 'sum' }]);
  });
});

class Unprovided implements JstpClientInterceptor {
  intercept(call: JstpClientCall, next: JstpClientNext): Observable<unknown> {
    return next(call);
  }
}

describe('what is no interceptor is refused at construction', () => {
  test.each<[unknown, string, string]>([
    [{}, 'interceptors', 'an array of interceptors'],
    [[5], 'interceptors[0]', 'a function, an object with a method intercept'],
    [[new Unprovided(), {}], 'interceptors[1]', 'a function, an object with a method intercept'],
    [[class Nothing {}], 'interceptors[0]', 'the class of one, but the class Nothing was given'],
    [[Unprovided], 'interceptors[0]', 'its class with JstpClientModule only'],
  ])('%p', (interceptors, option, text) => {
    const make = (): unknown => new JstpClient({ interceptors } as JstpClientOptions);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(expect.objectContaining({ option }));
    expect(make).toThrow(text);
  });
});
