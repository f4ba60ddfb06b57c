import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Application, type Connection } from '../../../lib/core.js';
import { observe, type Observed } from '../../support/observed.js';
import { CallApplication, MemoryBench, record, watchLog, type MemoryWorld } from './fixture.js';

// Virtual time: what is waited for here is exact, and no machine is too slow for it.
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
/** The line is gone, and the client knows. */
async function cut(world: MemoryWorld): Promise<void> {
  world.down();
  await pass(0);
}

const REFUSED = { error: { code: 'ECONNREFUSED' } };

/** Answers all but what is called 'silent'. */
const answering = (): CallApplication =>
  new CallApplication((call) => {
    if (call.methodName !== 'silent') call.succeed(call.args);
  });

function outcomeOf({ values, failure }: Observed<unknown>): unknown {
  return failure ?? values;
}

describe('a client whose line is cut', () => {
  const bench = new MemoryBench();

  test('takes calls and events as if it were connected: they go out after the resume, once and in order', async () => {
    const application = answering();
    const world = bench.serve(application);
    const client = bench.client();
    const events = record(client);
    await client.connect();
    const before = observe(client.send('echo', 'before'));
    await cut(world);
    const during = [1, 2, 3].map((value) => {
      client.emit('noted', value);
      return observe(client.send('echo', value));
    });
    await pass(700);
    expect(during.every(({ ended }) => !ended)).toBe(true);
    world.up();
    await pass(500);
    expect(events).toContain('reconnect true');
    expect([before, ...during].map(outcomeOf)).toEqual([['before'], [1], [2], [3]]);
    expect(application.calls.map(({ args }) => args)).toEqual([['before'], [1], [2], [3]]);
    expect(application.events.map(({ args }) => args)).toEqual([[1], [2], [3]]);
  });

  test('says of an event at once that it is on its way, and sends what it was then', async () => {
    const application = answering();
    const world = bench.serve(application);
    const client = bench.client();
    await client.connect();
    await cut(world);
    const data = { count: 1 };
    const emitted = observe(client.emit('counted', data));
    const call = observe(client.send('echo', data));
    data.count = 2;
    await pass(0);
    expect(emitted.completed).toBe(true);
    world.up();
    await pass(500);
    expect(application.events.map(({ args }) => args)).toEqual([[{ count: 1 }]]);
    expect(call.values).toEqual([{ count: 1 }]);
  });

  test('sends each of them once, however often the line is cut before it has settled', async () => {
    const application = answering();
    const world = bench.serve(application);
    const client = bench.client();
    await client.connect();
    const calls: Observed<unknown>[] = [];
    for (let round = 0; round < 30; round++) {
      await cut(world);
      client.emit('noted', round);
      calls.push(observe(client.send('echo', round)));
      world.up();
      // Long enough for an attempt, sometimes too short for an answer.
      await pass([0, 1, 90, 250][round % 4]);
    }
    await pass(3000);
    const wanted = calls.map((_call, round) => [round]);
    expect(calls.map(outcomeOf)).toEqual(wanted);
    expect(application.calls.map(({ args }) => args)).toEqual(wanted);
    expect(application.events.map(({ args }) => args)).toEqual(wanted);
  });

  test('fails at once with the reason of its attempt once resumeTimeoutMs is over', async () => {
    const application = answering();
    const world = bench.serve(application);
    const client = bench.client({ resumeTimeoutMs: 1200 });
    await client.connect();
    await cut(world);
    await pass(400);
    const early = observe(client.send('silent', 'early'));
    await pass(790);
    expect(early.ended).toBe(false);
    await pass(10);
    expect(early.failure).toMatchObject({ error: { code: -1 } });
    for (const late of [client.send('echo', 'late'), client.emit('noted', 'late')]) {
      const seen = observe(late);
      await pass(0);
      expect(seen.failure).toMatchObject(REFUSED);
    }
    await expect(client.inspect('calc')).rejects.toMatchObject(REFUSED.error);
    world.up();
    await pass(10_000);
    const afterwards = observe(client.send('echo', 'afterwards'));
    await pass(0);
    expect(afterwards.values).toEqual(['afterwards']);
    // What nobody waits for any more is cancelled; what has failed was never sent.
    expect(application.calls.map(({ args, signal }) => [args[0], signal.aborted])).toEqual([
      ['early', true],
      ['afterwards', false],
    ]);
    expect(application.events).toEqual([]);
  });

  test('has the whole time again for each cut', async () => {
    const world = bench.serve(answering());
    const client = bench.client({ resumeTimeoutMs: 1000 });
    await client.connect();
    for (let round = 0; round < 3; round++) {
      await cut(world);
      await pass(600);
      world.up();
      await pass(500);
      const call = observe(client.send('silent', round));
      await pass(1500);
      expect([client.unwrap<Connection>().handshakeDone, call.ended]).toEqual([true, false]);
    }
  });

  test('fails at once where offline is fail, and calls under way wait all the same', async () => {
    const world = bench.serve(answering());
    const client = bench.client({ offline: 'fail' });
    await client.connect();
    await cut(world);
    for (const refused of [client.send('echo', 1), client.emit('noted', 1)]) {
      const seen = observe(refused);
      await pass(0);
      expect(seen.failure).toMatchObject(REFUSED);
    }
    world.up();
    await pass(500);
    const waiting = observe(client.send('silent', 2));
    await pass(2000);
    await cut(world);
    await pass(600);
    expect(waiting.ended).toBe(false);
    await pass(2400);
    expect(waiting.failure).toMatchObject({ error: { code: -1 } });
  });

  test('fails at once where it has no session: before its first login, and when the server has ended it', async () => {
    const world = bench.serve(answering());
    await cut(world);
    const client = bench.client();
    const first = observe(client.send('echo', 1));
    await pass(0);
    expect(first.failure).toMatchObject(REFUSED);
    world.up();
    await client.connect();
    world.server.close();
    world.server.closeConnections();
    await pass(0);
    const second = observe(client.send('echo', 2));
    await pass(0);
    expect(second.failure).toMatchObject(REFUSED);
  });

  test('inspects, and calls through proxies, as well', async () => {
    const api = { calc: { add: async (_connection: Connection, a: number, b: number) => a + b } };
    const world = bench.serve(new Application<Connection>('app', api));
    const client = bench.client();
    await client.connect();
    await cut(world);
    const methods = client.inspect('calc');
    const sum = client.proxy<{ add(a: number, b: number): number }>('calc').add(2, 3);
    await pass(300);
    world.up();
    await pass(500);
    expect([await methods, await sum]).toEqual([['add'], 5]);
  });

  test('does not leave to the server what was unsubscribed meanwhile', async () => {
    const application = answering();
    const world = bench.serve(application);
    const client = bench.client();
    await client.connect();
    await cut(world);
    const call = observe(client.send('silent', 1));
    await pass(100);
    call.unsubscribe();
    world.up();
    await pass(500);
    expect(application.calls.map(({ signal }) => signal.aborted)).toEqual([true]);
  });

  test('takes no more than its journal may hold', async () => {
    const application = answering();
    const world = bench.serve(application);
    const client = bench.client({ limits: { journalMaxEntries: 3 } });
    await client.connect();
    await cut(world);
    const calls = [1, 2, 3, 4].map((value) => observe(client.send('echo', value)));
    const emitted = observe(client.emit('noted', 5));
    await pass(0);
    for (const refused of [calls[3], emitted]) expect(refused.failure).toMatchObject({ error: { code: -5 } });
    world.up();
    await pass(500);
    expect(calls.slice(0, 3).map(outcomeOf)).toEqual([[1], [2], [3]]);
  });

  test('fails with -1 what waits when it is closed', async () => {
    const world = bench.serve(answering());
    const client = bench.client();
    await client.connect();
    await cut(world);
    const call = observe(client.send('echo', 1));
    const methods = expect(client.inspect('calc')).rejects.toMatchObject({ code: -1 });
    await pass(100);
    await client.close();
    await methods;
    expect(call.failure).toMatchObject({ error: { code: -1 } });
    // The server's own, which waits for the client to come back.
    world.server.closeConnections();
    expect(jest.getTimerCount()).toBe(0);
    world.up();
    await pass(20_000);
    expect(world.connections).toBe(1);
  });
});

describe('a client whose session is lost with its line', () => {
  const bench = new MemoryBench();

  test('sends in the new session what never went out, once and in order; what did go out fails with -1', async () => {
    const first = answering();
    const world = bench.serve(first);
    const client = bench.client();
    const events = record(client);
    await client.connect();
    const running = observe(client.send('silent', 'running'));
    await pass(0);
    await cut(world);
    const waiting = ['a', 'b', 'c'].map((value) => {
      client.emit('noted', value);
      return observe(client.send('echo', value));
    });
    const given = observe(client.send('echo', 'given up'));
    await pass(100);
    given.unsubscribe();
    const second = answering();
    world.replace(second);
    await pass(500);
    expect(events).toContain('sessionLost');
    expect(running.failure).toMatchObject({ error: { code: -1 } });
    expect(waiting.map(outcomeOf)).toEqual([['a'], ['b'], ['c']]);
    expect(first.calls.map(({ args }) => args)).toEqual([['running']]);
    expect(second.calls.map(({ args }) => args)).toEqual([['a'], ['b'], ['c']]);
    expect(second.events.map(({ args }) => args)).toEqual([['a'], ['b'], ['c']]);
  });

  test('can cancel in the new session what was called in the lost one, and stream to it', async () => {
    const world = bench.serve(answering());
    const client = bench.client({ limits: { streamCredit: 2 } });
    await client.connect();
    await cut(world);
    const calls = ['x', 'y'].map((value) => observe(client.send('silent', value)));
    const streamed = observe(client.send('stream', 3));
    await pass(100);
    const second = new CallApplication((call) => {
      if (call.methodName === 'silent') return;
      const stream = call.openStream();
      for (const value of [1, 2, 3, 4]) stream.write(value);
      stream.end();
    });
    world.replace(second);
    await pass(500);
    calls[1]?.unsubscribe();
    await pass(0);
    expect(second.calls.map(({ args, signal }) => [args[0], signal.aborted])).toEqual([
      ['x', false],
      ['y', true],
      [3, false],
    ]);
    expect([streamed.values, streamed.completed]).toEqual([[1, 2, 3, 4], true]);
  });

  test('fails what never went out with the reason of the refused login, and tells of the events', async () => {
    const world = bench.serve(answering());
    const client = bench.client();
    await client.connect();
    await cut(world);
    const call = observe(client.send('echo', 1));
    client.emit('noted', 1);
    client.emit('noted', 2);
    await pass(100);
    const log = watchLog(bench);
    world.replace(new Application<Connection>('another', {}));
    await pass(500);
    expect(call.failure).toMatchObject({ error: { code: 10 } });
    expect(log.of('warn')).toContainEqual(
      expect.stringMatching(/^Events that were lost with the session .*: 2$/),
    );
  });

  test('does not send what was unsubscribed before the new login', async () => {
    const tickets: (() => void)[] = [];
    const world = bench.serve(answering());
    const client = bench.client({
      strategy: 'slow',
      credentials: () => new Promise<void>((resolve) => tickets.push(resolve)),
    });
    const connecting = client.connect();
    await pass(0);
    tickets[0]?.();
    await connecting;
    await cut(world);
    const calls = ['kept', 'given up'].map((value) => observe(client.send('echo', value)));
    await pass(100);
    const second = answering();
    world.replace(second);
    await pass(1000);
    expect(tickets).toHaveLength(2);
    calls[1]?.unsubscribe();
    tickets[1]?.();
    await pass(0);
    expect([second.calls.map(({ args }) => args), calls[0]?.values]).toEqual([[['kept']], ['kept']]);
  });

  test('fails what never went out where it is closed before the new login', async () => {
    let answers = 0;
    const world = bench.serve(answering());
    const client = bench.client({
      strategy: 'slow',
      credentials: () => {
        answers += 1;
        return answers === 1 ? [] : new Promise(() => undefined);
      },
    });
    await client.connect();
    await cut(world);
    const call = observe(client.send('echo', 1));
    await pass(100);
    world.replace(answering());
    await pass(1000);
    expect([answers, call.ended]).toEqual([2, false]);
    await client.close();
    expect(call.failure).toMatchObject({ error: { code: -1 } });
  });
});
