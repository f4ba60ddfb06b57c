import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { finalize, Observable, of, Subject, timeout, TimeoutError } from 'rxjs';
import { take } from 'rxjs/operators';
import { errorOf, observe, valuesOf } from '../../support/observed.js';
import { waitFor } from '../../support/wait-for.js';
import { startContract } from './contract.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** Sources that a test drives while a client listens to them, by name. */
class Sources {
  private readonly sources = new Map<string, Subject<unknown>>();
  readonly unsubscribed: string[] = [];

  open(name: string): Observable<unknown> {
    const source = new Subject<unknown>();
    this.sources.set(name, source);
    return source.pipe(
      finalize(() => {
        this.unsubscribed.push(name);
      }),
    );
  }

  /** The source once the handler has been called and Nest has subscribed to what it returned. */
  async of(name: string): Promise<Subject<unknown>> {
    await waitFor(() => this.sources.get(name)?.observed === true, `a subscription to ${name}`);
    const source = this.sources.get(name);
    if (source === undefined) throw new Error(`No source ${name}`);
    return source;
  }

  clear(): void {
    for (const source of this.sources.values()) source.complete();
    this.sources.clear();
    this.unsubscribed.length = 0;
  }
}

const sources = new Sources();

@Controller()
class StreamsController {
  @MessagePattern('stream')
  stream(@Payload() name: string): Observable<unknown> {
    return sources.open(name);
  }

  @MessagePattern('promised stream')
  async promised(@Payload() name: string): Promise<Observable<unknown>> {
    await Promise.resolve();
    return sources.open(name);
  }

  @MessagePattern('ping')
  ping(): Observable<string> {
    return of('pong');
  }
}

export function describeStreams(transport: TransportUnderTest): void {
  const setup = { controllers: [StreamsController] };
  describeService('streams', transport, setup, (started) => {
    const stream = (name: string): Observable<unknown> => started().client.send<unknown>('stream', name);
    afterEach(() => {
      sources.clear();
    });

    test.each([['stream'], ['promised stream']])(
      'values of a %s arrive while the source runs',
      async (pattern) => {
        const observed = observe(started().client.send<unknown>(pattern, 'a'));
        const source = await sources.of('a');
        source.next(1);
        expect(await observed.received(1)).toEqual([1]);
        source.next(2);
        expect(await observed.received(2)).toEqual([1, 2]);
        expect(observed.ended).toBe(false);
        source.complete();
        await observed.end();
        expect(observed.values).toEqual([1, 2]);
        expect(observed.completed).toBe(true);
      },
    );

    test('two streams of one client do not mix, and one ends without the other', async () => {
      const [first, second] = [observe(stream('first')), observe(stream('second'))];
      const [one, two] = [await sources.of('first'), await sources.of('second')];
      one.next('1a');
      two.next('2a');
      one.next('1b');
      two.next('2b');
      one.complete();
      await first.end();
      two.next('2c');
      await second.received(3);
      expect(second.ended).toBe(false);
      two.error(new Error('internal'));
      await second.end();
      expect(first.values).toEqual(['1a', '1b']);
      expect(first.failure).toBeUndefined();
      expect(second.values).toEqual(['2a', '2b', '2c']);
      expect(second.failure?.error).toEqual({ status: 'error', message: 'Internal server error' });
    });

    test('streams of two clients do not mix', async () => {
      const other = await started().contract.openClient();
      const [mine, theirs] = [observe(stream('mine')), observe(other.client.send('stream', 'theirs'))];
      (await sources.of('mine')).next('for me');
      (await sources.of('theirs')).next('for them');
      await Promise.all([mine.received(1), theirs.received(1)]);
      sources.clear();
      await Promise.all([mine.end(), theirs.end()]);
      expect([mine.values, theirs.values]).toEqual([['for me'], ['for them']]);
      await other.close();
    });

    test('calls are answered while a stream is open', async () => {
      const observed = observe(stream('open'));
      await sources.of('open');
      expect(await valuesOf(started().client.send('ping', ''))).toEqual(['pong']);
      expect(observed.ended).toBe(false);
      observed.unsubscribe();
    });

    test('an error after values comes after the values', async () => {
      const observed = observe(stream('a'));
      const source = await sources.of('a');
      source.next(1);
      source.next(2);
      source.error(new Error('internal'));
      await observed.end();
      expect(observed.values).toEqual([1, 2]);
      expect(observed.failure?.error).toEqual({ status: 'error', message: 'Internal server error' });
    });

    test('after unsubscribing nothing more arrives, and the client goes on', async () => {
      const observed = observe(stream('a'));
      const source = await sources.of('a');
      source.next(1);
      await observed.received(1);
      observed.unsubscribe();
      source.next(2);
      source.complete();
      expect(await valuesOf(started().client.send('ping', ''))).toEqual(['pong']);
      expect(observed.values).toEqual([1]);
      expect(observed.ended).toBe(false);
    });

    test('a timeout of the caller ends its wait, and the client goes on', async () => {
      const error = await errorOf(stream('silent').pipe(timeout(20)));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(await valuesOf(started().client.send('ping', ''))).toEqual(['pong']);
    });

    test('unsubscribing before the call could be sent harms nobody', async () => {
      observe(stream('early')).unsubscribe();
      expect(await valuesOf(started().client.send('ping', ''))).toEqual(['pong']);
    });

    test('the source is released once it has completed', async () => {
      const observed = observe(stream('a'));
      (await sources.of('a')).complete();
      await observed.end();
      await waitFor(() => sources.unsubscribed.includes('a'), 'the release of the source');
    });
  });

  if (transport.capabilities.cancelsSource) describeCancelling(transport);
}

/** What TCP cannot do: its server never learns that a caller has gone. */
function describeCancelling(transport: TransportUnderTest): void {
  describe('a source that nobody waits for', () => {
    afterEach(() => {
      sources.clear();
    });
    const released = (name: string): Promise<void> =>
      waitFor(() => sources.unsubscribed.includes(name), `the end of the subscription to ${name}`);

    test('is unsubscribed when the caller unsubscribes, and no other is', async () => {
      const { client, contract } = await startContract(transport, { controllers: [StreamsController] });
      try {
        const [left, kept] = [observe(client.send('stream', 'left')), observe(client.send('stream', 'kept'))];
        await Promise.all([sources.of('left'), sources.of('kept')]);
        left.unsubscribe();
        await released('left');
        await valuesOf(client.send('ping', 'x'));
        expect(sources.unsubscribed).toEqual(['left']);
        expect(kept.ended).toBe(false);
      } finally {
        await contract.close();
      }
    });

    test.each([
      // Only the second value is late: the first one has to connect.
      ['a timeout', timeout<unknown>({ first: 20_000, each: 40 })],
      ['taking the first value only', take<unknown>(1)],
    ])('is unsubscribed by %s at the caller', async (_way, operator) => {
      const { client, contract } = await startContract(transport, { controllers: [StreamsController] });
      try {
        const observed = observe(client.send<unknown>('stream', 'a').pipe(operator));
        const source = await sources.of('a');
        source.next(1);
        await observed.end();
        await released('a');
      } finally {
        await contract.close();
      }
    });

    test('is unsubscribed when the caller closes', async () => {
      const { contract } = await startContract(transport, { controllers: [StreamsController] });
      try {
        const caller = await contract.openClient();
        const observed = observe(caller.client.send('stream', 'a'));
        await sources.of('a');
        await caller.close();
        await released('a');
        await observed.end();
      } finally {
        await contract.close();
      }
    });

    test('is unsubscribed when the server closes', async () => {
      const { client, app, contract } = await startContract(transport, { controllers: [StreamsController] });
      try {
        const observed = observe(client.send('stream', 'a'));
        await sources.of('a');
        await app.close();
        await released('a');
        await observed.end();
      } finally {
        await contract.close();
      }
    });
  });
}
