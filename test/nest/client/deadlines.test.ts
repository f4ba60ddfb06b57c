import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, Observable } from 'rxjs';
import {
  JstpArgs,
  JstpClient,
  JstpContext,
  JstpRecordBuilder,
  withCall,
  type RemoteError,
  type JstpClientOptions,
} from '../../../lib/index.js';
import { Application } from '../../../lib/core.js';
import { nearDeadlines } from '../../../lib/util/shared-deadlines.js';
import { Closing } from '../../support/closing.js';
import { errorOf, observe } from '../../support/observed.js';
import { recordOperations, shortOf } from '../../support/operations.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { timersOf } from '../../support/quiet.js';
import { atEnd, startService, type Service } from '../server/fixture.js';
import { Bench, CallApplication } from './fixture.js';

/** Long enough that nothing of these tests ends by it. */
const LONG = 100_000;
/** Over soon. */
const SHORT = 30;

const bench = new Bench();
const signals: AbortSignal[] = [];
let unsubscribed = 0;
/** What a handler calls. */
let inner: JstpClient;

/** Waits for a signal, as handlers should: what runs on would hold up the end of its server. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });
}

@Controller()
class SlowController {
  @MessagePattern('slow.wait')
  wait(@Ctx() context: JstpContext): Promise<void> {
    signals.push(context.getSignal());
    return aborted(context.getSignal());
  }

  @MessagePattern('slow.feed')
  feed(): Observable<number> {
    return new Observable((subscriber) => {
      subscriber.next(1);
      return () => {
        unsubscribed += 1;
      };
    });
  }

  @MessagePattern('slow.left')
  left(@Ctx() context: JstpContext): unknown {
    return [context.getMetadata()?.['timeout'], context.getRemainingMs()];
  }

  @MessagePattern('left')
  plainLeft(@Ctx() context: JstpContext): unknown {
    return [context.getMetadata()?.['timeout'], context.getRemainingMs()];
  }

  @MessagePattern('back')
  back(@Ctx() context: JstpContext): Promise<unknown> {
    return context.getClient().call('side', 'left', new JstpRecordBuilder({}).setTimeout(LONG).build());
  }

  @MessagePattern('outer.left')
  outerLeft(@Payload() timeout: number): Promise<unknown> {
    return firstValueFrom(inner.send('slow.left', new JstpRecordBuilder({}).setTimeout(timeout).build()));
  }

  @MessagePattern('outer.wait')
  async outerWait(): Promise<unknown> {
    // After a turn: the deadline is still that of this handler.
    await Promise.resolve();
    return errorOf(inner.send('slow.wait', {}));
  }

  @MessagePattern('ask.client')
  async askClient(@Ctx() context: JstpContext): Promise<unknown> {
    const record = new JstpRecordBuilder(JstpArgs.of()).setTimeout(SHORT).build();
    const failure = context.getClient().call('screen', 'never', record);
    return failure.catch((error: unknown) => [(error as RemoteError).code, (error as RemoteError).info]);
  }
}

const start = (): Promise<Service> => startService({ controllers: [SlowController] });

function clientOf({ port }: { readonly port: number }, options: JstpClientOptions = {}): JstpClient {
  const client = new JstpClient({ host: LOOPBACK, port, ...options });
  atEnd(() => client.close());
  return client;
}

const timedOut = (whose: string): unknown => expect.objectContaining({ code: -7, info: [whose] });

describe('the timeout of a client', () => {
  test('fails a call, and its handler hears it', async () => {
    signals.length = 0;
    const client = clientOf(await start(), { timeout: SHORT });
    await client.connect();
    expect(await errorOf(client.send('slow.wait', {}))).toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    await waitFor(() => signals[0]?.aborted, 'the signal');
    await expect(client.call('slow', 'wait')).rejects.toEqual(timedOut('ERR_CALLER_TIMEOUT'));
  });

  test('holds for the whole of a stream, whose Observable is unsubscribed', async () => {
    unsubscribed = 0;
    const client = clientOf(await start(), { timeout: SHORT });
    await client.connect();
    const { failure } = await observe(client.send('slow.feed', {})).end();
    expect(failure?.error).toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    await waitFor(() => unsubscribed === 1, 'the teardown');
  });

  test('counts from the subscription on: a server that does not answer a login takes no longer', async () => {
    const mute = createServer((socket) => {
      atEnd(() => socket.destroy());
    });
    atEnd(() => void mute.close());
    await new Promise<void>((resolve) => mute.listen(0, LOOPBACK, resolve));
    const client = clientOf(mute.address() as { port: number }, { timeout: SHORT });
    expect(await errorOf(client.send('slow.wait', {}))).toEqual(timedOut('ERR_CALLER_TIMEOUT'));
  });

  test('is told to the server, where that of a record comes before that of a method, and that before the client’s', async () => {
    const methods = {
      'slow.left': { timeout: 3 * LONG },
      'slow.*': { timeout: 2 * LONG },
      '*': { timeout: 4 * LONG },
    };
    const service = await start();
    const told = async (pattern: string, options: JstpClientOptions, ofRecord?: number): Promise<unknown> => {
      const client = clientOf(service, options);
      const builder = new JstpRecordBuilder<object>({});
      const data = ofRecord === undefined ? {} : builder.setTimeout(ofRecord).build();
      const [timeout, left] = await firstValueFrom(client.send<[number | undefined, number]>(pattern, data));
      if (timeout === undefined) return timeout;
      expect(left).toBeLessThanOrEqual(timeout);
      // It is what was left when the call was written: less by some milliseconds.
      return Math.ceil(timeout / LONG);
    };
    expect(await told('slow.left', {})).toBeUndefined();
    expect(await told('slow.left', { timeout: LONG })).toBe(1);
    expect(await told('slow.left', { timeout: LONG, methods })).toBe(3);
    expect(await told('slow.left', { timeout: LONG, methods: { 'slow.*': { timeout: 2 * LONG } } })).toBe(2);
    expect(await told('slow.left', { timeout: LONG, methods: { 'slow.wait': { timeout: 2 * LONG } } })).toBe(
      1,
    );
    expect(await told('left', { methods })).toBe(4);
    expect(await told('slow.left', { methods }, 5 * LONG)).toBe(5);
    expect(await told('slow.left', { timeout: LONG }, 0)).toBeUndefined();
    expect(
      await told('slow.left', { timeout: LONG, methods: { 'slow.left': { timeout: 0 } } }),
    ).toBeUndefined();
  });

  test('is less where the call is made again by itself, as for a stream that has moved', async () => {
    const application = new CallApplication((call) => {
      if (application.calls.length > 1) call.succeed([]);
      else void timersOf(20).then(() => call.fail(-12));
    });
    const client = clientOf(await bench.serve(application), { app: 'app', timeout: LONG });
    await client.call('i', 'm');
    const [first, second] = application.calls.map(({ metadata }) => Number(metadata?.['timeout']));
    expect(first).toBeLessThanOrEqual(LONG);
    expect(second).toBeLessThan(first);
    expect(second).toBeGreaterThan(0);
  });

  test('leaves nothing behind once the call is answered', async () => {
    const client = clientOf(await start(), { timeout: 87_654 });
    await firstValueFrom(client.send('slow.left', {}));
    expect(nearDeadlines(87_654).size).toBe(0);
  });

  test('is seen by those who observe calls', async () => {
    const closing = new Closing();
    const client = clientOf(await start(), { timeout: SHORT });
    await client.connect();
    const { ended } = recordOperations(closing);
    await errorOf(client.send('slow.wait', {}));
    await closing.run();
    expect(ended.map(shortOf)).toContainEqual({ kind: 'call', name: 'slow.wait', code: -7 });
  });

  test('fails the call in the async context of its subscriber', async () => {
    const storage = new AsyncLocalStorage<string>();
    const client = clientOf(await start(), { timeout: SHORT });
    const seen: unknown[] = [];
    for (const who of ['ann', 'bob'])
      storage.run(who, () => {
        client.send('slow.wait', {}).subscribe({ error: () => seen.push(storage.getStore()) });
      });
    await waitFor(() => seen.length === 2, 'both errors');
    expect(seen).toEqual(['ann', 'bob']);
  });

  test('may be that of a server’s call to its client', async () => {
    const client = clientOf(await start());
    client.expose({ screen: { never: withCall((call) => aborted(call.signal as AbortSignal)) } });
    expect(await firstValueFrom(client.send('ask.client', {}))).toEqual([-7, ['ERR_CALLER_TIMEOUT']]);
  });
});

describe('the signal of a record', () => {
  test('cancels the call, and its handler hears it', async () => {
    signals.length = 0;
    const client = clientOf(await start());
    const controller = new AbortController();
    const record = new JstpRecordBuilder({}).setSignal(controller.signal).build();
    const observed = observe(client.send('slow.wait', record));
    await waitFor(() => signals.length === 1, 'the call');
    controller.abort('the user has left');
    expect((await observed.end()).failure?.error).toMatchObject({ code: -8, cause: 'the user has left' });
    await waitFor(() => signals[0]?.aborted, 'the signal');
    expect(await errorOf(client.send('slow.wait', record))).toMatchObject({ code: -8 });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(signals).toHaveLength(1);
  });
});

describe('a call within a handler', () => {
  test('inherits what is left, by option', async () => {
    const service = await start();
    const outer = clientOf(service, { timeout: LONG });
    const left = async (own: number): Promise<number> => {
      const [timeout] = await firstValueFrom(outer.send<[number], number>('outer.left', own));
      return timeout;
    };
    inner = clientOf(service, { inheritDeadline: true });
    expect(await left(2 * LONG)).toBeLessThanOrEqual(LONG);
    expect(await left(0)).toBeLessThanOrEqual(LONG);
    // Its own, where that is over earlier.
    expect(await left(LONG / 2)).toBeLessThanOrEqual(LONG / 2);
    inner = clientOf(service);
    expect(await left(2 * LONG)).toBeGreaterThan(LONG);
  });

  test('fails with an error that says so', async () => {
    const service = await start();
    signals.length = 0;
    inner = clientOf(service, { inheritDeadline: true, timeout: LONG });
    await inner.connect();
    const closing = new Closing();
    const { ended } = recordOperations(closing);
    const outer = clientOf(service, { timeout: 300 });
    expect(await errorOf(outer.send('outer.wait', {}))).toEqual(timedOut('ERR_CALLER_TIMEOUT'));
    await waitFor(
      () => ended.filter(({ kind, code }) => kind === 'call' && code === -7).length === 2,
      'both calls',
    );
    await closing.run();
    const infos = ended.flatMap(({ kind, error }) =>
      kind === 'call' ? (error as { info?: unknown[] } | undefined)?.info : [],
    );
    expect(infos.sort()).toEqual(['ERR_CALLER_TIMEOUT', 'ERR_INHERITED_TIMEOUT']);
  });

  // As many parameters as a method of an application has to have.
  const left = async (_connection: unknown, _given: unknown): Promise<unknown> =>
    await firstValueFrom(inner.send('slow.left', {}));
  test.each<[string, JstpClientOptions['application']]>([
    ['function', { side: { left } }],
    ['method of an application', new Application('side', { side: { left } })],
  ])('inherits it within a %s that a client exposes', async (_what, application) => {
    const service = await start();
    inner = clientOf(service, { inheritDeadline: true });
    const client = clientOf(service, { application });
    const seen = await within(firstValueFrom(client.send<unknown[]>('back', {})), 'the answer');
    expect(seen).toEqual([expect.any(Number), expect.any(Number)]);
  });

  test('outside of a handler inherits nothing', async () => {
    const client = clientOf(await start(), { inheritDeadline: true });
    const left = await within(firstValueFrom(client.send('slow.left', {})), 'the answer');
    expect(left).toEqual([undefined, undefined]);
  });
});

describe('options', () => {
  test.each<[JstpClientOptions, string]>([
    [{ timeout: -1 }, 'timeout must be an integer from 0 to 2147483647, but -1 was given'],
    [{ timeout: 1.5 }, 'timeout must be an integer'],
    [{ inheritDeadline: 1 as never }, 'inheritDeadline must be a boolean'],
    [{ methods: [] as never }, 'methods must be an object of method options by pattern'],
    [{ methods: 1 as never }, 'methods must be an object of method options by pattern'],
    [{ methods: { 'a.b': { timeout: '5' as never } } }, "methods['a.b'].timeout must be an integer"],
    [{ methods: { 'a.b': { idempotent: 1 as never } } }, "methods['a.b'].idempotent must be a boolean"],
    [{ methods: { 'a.b': { retries: 1 } as never } }, 'Unknown name "retries" in methods[\'a.b\']'],
  ])('%j are checked', (options, text) => {
    expect(() => new JstpClient(options)).toThrow(text);
  });

  test('of a record are checked', () => {
    const builder = new JstpRecordBuilder();
    expect(() => builder.setTimeout(-1)).toThrow('timeout must be an integer from 0 to 2147483647');
    expect(() => builder.setSignal({} as AbortSignal)).toThrow('signal must be an AbortSignal');
    expect(() => builder.setIdempotent(1 as never)).toThrow('idempotent must be a boolean');
  });
});
