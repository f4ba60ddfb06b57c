import { afterEach, describe, expect, test } from '@jest/globals';
import { firstValueFrom, toArray } from 'rxjs';
import { Closing } from '../support/closing.js';
import { turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import type { PackageName } from './redis-server.js';
import { clientOf, Servers, type Member, type ServersSettings } from './servers.js';

const closing = new Closing();
afterEach(() => closing.run());

async function start(settings: ServersSettings, options: object = {}) {
  const servers = await Servers.start(closing, settings);
  return { servers, ...(await clientOf(servers, closing, options)) };
}

/** Begins to close a server; new connections go to another one. */
function leave(servers: Servers, place: number, next: number): Promise<void> {
  servers.next = next;
  return within(servers.members[place].close(), 'the close');
}

function eventsOf(members: readonly Member[]): unknown[] {
  return members.flatMap(({ events }) => events);
}

describe('a graceful close', () => {
  test.each<[PackageName, number, number]>([
    ['redis', 5, 10],
    ['ioredis', 5, 10],
    ['redis', 20, 200],
    ['redis', 0, 50],
  ])(
    'with write-through, over %s %d ms away, loses none of %d events that wait to be stored, and runs none twice',
    async (name, redisDelayMs, count) => {
      const settings = { client: name, redisDelayMs, count: 3, storage: { writeThrough: true } };
      const { servers, client, ends } = await start(settings);
      const sent = Array.from({ length: count }, (_, n) => n);
      for (const n of sent.slice(0, count / 2)) client.emit('works.told', n).subscribe();
      await waitFor(() => servers.members[0].received() === count / 2, 'half of them');
      const left = leave(servers, 0, 1);
      for (const n of sent.slice(count / 2)) client.emit('works.told', n).subscribe();
      await left;
      await waitFor(() => eventsOf(servers.members).length >= count, 'the events');
      await firstValueFrom(client.send<unknown>('works.quick', 'after'));
      expect(eventsOf(servers.members)).toEqual(sent);
      expect(ends).toEqual([]);
    },
  );

  test.each([1, 40])(
    'with write-through and a Redis that does not answer for a while (%d ms for a close): what was not acted on runs elsewhere',
    async (closeTimeoutMs) => {
      const storage = { writeThrough: true, commandTimeoutMs: 3000 };
      const { servers, client, ends } = await start({ storage, options: { limits: { closeTimeoutMs } } });
      client.emit('works.told', 'first').subscribe();
      await waitFor(() => servers.members[0].events.length === 1, 'the first');
      servers.distance.hold();
      client.emit('works.told', 'second').subscribe();
      const call = firstValueFrom(client.send<unknown>('works.quick', 'third'));
      call.catch(() => undefined);
      await waitFor(() => servers.members[0].received() === 3, 'all of it');
      await leave(servers, 0, 1);
      expect(servers.members[0].storageErrors.map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /^The session store did not take 1 sessions at the end of the server \(of anonymous/,
        ),
      ]);
      servers.distance.release();
      expect(await within(call, 'the answer')).toBe('third');
      expect(servers.members.map(({ events }) => events)).toEqual([['first'], ['second']]);
      expect(servers.members.map(({ calls }) => calls.length)).toEqual([0, 1]);
      expect(ends).toEqual([]);
    },
  );
});

describe('a server that leaves', () => {
  test('reads the credit of a stream that goes beyond it: the stream ends there, whole', async () => {
    const { servers, client } = await start({ options: { limits: { drainTimeoutMs: 20_000 } } });
    const values = firstValueFrom(client.send<number>('works.held', 'stream').pipe(toArray()));
    const call = await servers.called(0);
    const left = leave(servers, 0, 1);
    const stream = call.openStream();
    for (let n = 0; n < 500; n++) {
      stream.write(n);
      await stream.ready();
    }
    stream.end();
    expect(await within(values, 'the values')).toEqual(Array.from({ length: 500 }, (_, n) => n));
    await left;
    expect(servers.members[1].calls).toHaveLength(0);
  });

  test('reads the answer of a client that a handler waits for, and a cancel', async () => {
    const { servers, client } = await start({ options: { limits: { drainTimeoutMs: 20_000 } } });
    client.expose({ home: { name: () => 'ann' } });
    const answer = firstValueFrom(client.send<unknown>('works.held', 'x'));
    const call = await servers.called(0);
    const cancelled = client.send('works.held', 'y').subscribe();
    const second = await servers.called(0, 2);
    const left = leave(servers, 0, 1);
    call.succeed([await within(call.connection.callMethod('home', 'name', []), 'the client')]);
    expect(await within(answer, 'the answer')).toBe('ann');
    cancelled.unsubscribe();
    await waitFor(() => second.signal.aborted, 'the cancel');
    await left;
  });

  test('answers pings, and hears pongs: no line is cut for silence', async () => {
    const { servers, client, ends } = await start(
      { options: { limits: { drainTimeoutMs: 20_000 }, heartbeatInterval: 20 } },
      { heartbeatInterval: 20 },
    );
    let cuts = 0;
    client.on('close', () => (cuts += 1));
    const answer = firstValueFrom(client.send<unknown>('works.held', 'x'));
    const call = await servers.called(0);
    const left = leave(servers, 0, 1);
    // It waits, and what comes behind it is read all the same.
    const next = firstValueFrom(client.send<unknown>('works.quick', 'next'));
    next.catch(() => undefined);
    let beats = 0;
    call.connection.on('outgoingMessage', (message) => (beats += 'pong' in (message as object) ? 1 : 0));
    call.connection.on('incomingMessage', (message) => (beats += 'pong' in (message as object) ? 1 : 0));
    await waitFor(() => beats > 10, 'some heartbeats of both sides');
    expect(cuts).toBe(0);
    call.succeed(['done']);
    expect(await within(answer, 'the answer')).toBe('done');
    await left;
    expect(await within(next, 'the next')).toBe('next');
    expect(cuts).toBe(1);
    expect(ends).toEqual([]);
  });

  test('starts nothing new: what comes meanwhile runs on the next server, once and in its order', async () => {
    const { servers, client } = await start({ options: { limits: { drainTimeoutMs: 20_000 } } });
    const answer = firstValueFrom(client.send<unknown>('works.held', 'x'));
    const call = await servers.called(0);
    const left = leave(servers, 0, 1);
    for (const n of [1, 2, 3]) client.emit('works.told', n).subscribe();
    const next = firstValueFrom(client.send<unknown>('works.quick', 'next'));
    await turns();
    // The server has read what its client sent before this pong.
    await within(call.connection.ping(), 'a pong');
    expect([servers.members[0].events, servers.members[0].calls.length]).toEqual([[], 1]);
    call.succeed(['done']);
    expect(await within(answer, 'the answer')).toBe('done');
    expect(await within(next, 'the next')).toBe('next');
    await left;
    expect(servers.members[1].events).toEqual([1, 2, 3]);
  });

  test.each(['end', 'move'] as const)(
    'does not wait for a stream without an end, where drainStreams is %s',
    async (drainStreams) => {
      const { servers, client } = await start({
        options: { drainStreams, limits: { drainTimeoutMs: 60_000 } },
      });
      const values: unknown[] = [];
      let outcome: unknown;
      const subscription = client.send<number>('works.held', 'ticks').subscribe({
        next: (value) => values.push(value),
        error: (error: unknown) => (outcome = error),
        complete: () => (outcome = 'complete'),
      });
      closing.add(() => subscription.unsubscribe());
      const call = await servers.called(0);
      for (const n of [1, 2]) call.openStream().write(n);
      await waitFor(() => values.length === 2, 'the first values');
      // Its handler ends when it is told to: a server waits for that.
      call.signal.addEventListener('abort', () => call.fail(call.signal.reason));
      await leave(servers, 0, 1);
      expect(call.signal.aborted).toBe(true);
      if (drainStreams === 'end') {
        await waitFor(() => outcome !== undefined, 'the end');
        expect(outcome).toMatchObject({ code: -11 });
        expect(servers.members[1].calls).toEqual([]);
        return;
      }
      const next = await servers.called(1);
      expect([next.methodName, next.args]).toEqual(['held', ['ticks']]);
      next.openStream().write(3);
      await waitFor(() => values.length === 3, 'the next value');
      expect([values, outcome]).toEqual([[1, 2, 3], undefined]);
      subscription.unsubscribe();
      await waitFor(() => next.signal.aborted, 'the cancel');
    },
  );

  test('lets a stream that has ended be read to its end, whatever drainStreams says', async () => {
    const { servers, client } = await start({
      options: { drainStreams: 'end', limits: { drainTimeoutMs: 20_000 } },
    });
    const values = firstValueFrom(client.send<number>('works.held', 'all').pipe(toArray()));
    const call = await servers.called(0);
    const stream = call.openStream();
    for (let n = 0; n < 300; n++) stream.write(n);
    stream.end();
    await leave(servers, 0, 1);
    expect(await within(values, 'the values')).toHaveLength(300);
  });
});

test('drainStreams is one of three words', async () => {
  const servers = await Servers.start(closing, { count: 0 });
  await expect(servers.add({ drainStreams: 'never' as never })).rejects.toThrow(
    "drainStreams must be 'wait', 'end' or 'move'",
  );
});
