import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Application, type Connection, type IncomingCall } from '../../lib/core.js';
import { SERVER_CONTROL } from '../../lib/server/control.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { collectGarbage } from '../support/garbage.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const closing = new Closing();
const OFFER = "{handshake:[0,'app','',{stream:1,cancel:1,bye:1}]}";
const MOST = 4;

guardProcess();
afterEach(() => closing.run());

function callAndCancel(id: number, method = "'slow'],wait:[]"): string[] {
  return [`{call:[${String(id)},${method}}`, `{cancel:[${String(id)}]}`];
}

function bytesOf(arena: Arena): number {
  return arena.server[SERVER_CONTROL].bytesInFlight;
}

describe('a cancelled call', () => {
  test('counts for limits.maxCallsInFlight until its handler has called back', async () => {
    const arena = await Arena.start(closing, { limits: { maxCallsInFlight: MOST } });
    const peer = await arena.guest(OFFER);
    peer.send(...[1, 2, 3, 4].flatMap((id) => callAndCancel(id)), "{call:[5,'mark'],run:['behind']}");
    await waitFor(() => arena.waiting.length === MOST, 'the handlers');
    await arena.hasRead();
    await arena.expectServing();
    expect(arena.executed).not.toContain('behind');
    arena.waiting.shift()?.();
    await arena.hasRead();
    expect(arena.executed).not.toContain('behind');
    arena.waiting.shift()?.();
    expect((await peer.received(2))[1]).toBe('{callback:[5],ok:[]}');
  });

  test('lets others be served at one less than that', async () => {
    const arena = await Arena.start(closing, { limits: { maxCallsInFlight: MOST } });
    const peer = await arena.guest(OFFER);
    peer.send(...[1, 2, 3].flatMap((id) => callAndCancel(id)), "{call:[4,'mark'],run:['behind']}");
    expect((await peer.received(2))[1]).toBe('{callback:[4],ok:[]}');
    expect(arena.waiting).toHaveLength(3);
  });

  test('counts for the bytes in flight as well, and once', async () => {
    const arena = await Arena.start(closing);
    const peer = await arena.guest(OFFER);
    peer.send(...callAndCancel(1));
    await waitFor(() => arena.waiting.length === 1, 'the handler');
    await arena.hasRead();
    expect(bytesOf(arena)).toBe("{call:[1,'slow'],wait:[]}".length + CALL_BYTES);
    arena.waiting[0]?.();
    expect(bytesOf(arena)).toBe(0);
    arena.waiting[0]?.();
    expect(bytesOf(arena)).toBe(0);
  });

  test('of an async method counts until its Promise is settled', async () => {
    const ends: ((error?: Error) => void)[] = [];
    const wait = (): Promise<void> =>
      new Promise((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve()));
      });
    const app = new Application<Connection>('app', {
      slow: { wait: async (_connection: Connection) => wait() },
    });
    const arena = await Arena.start(closing, { applications: [app] });
    const peer = await arena.guest(OFFER);
    peer.send(...callAndCancel(1), ...callAndCancel(2));
    await peer.pong(3);
    expect(bytesOf(arena)).toBeGreaterThan(0);
    ends[0]?.();
    ends[1]?.(new Error('too late'));
    await waitFor(() => bytesOf(arena) === 0, 'the ends');
  });

  test('whose callback nothing can call any more is counted no longer', async () => {
    const app = new Application<Connection>('app', {
      slow: { wait: (_connection: Connection, _callback: () => void) => undefined },
    });
    const arena = await Arena.start(closing, { applications: [app] });
    const peer = await arena.guest(OFFER);
    peer.send(...callAndCancel(1));
    await peer.pong(2);
    expect(bytesOf(arena)).toBeGreaterThan(0);
    await waitFor(async () => {
      await collectGarbage();
      return bytesOf(arena) === 0;
    }, 'the end of the call');
  });
});

describe('a call that handleCall serves', () => {
  class Streaming extends Application<Connection> {
    readonly calls: IncomingCall<Connection>[] = [];
    readonly ends: ((error?: Error) => void)[] = [];

    handleCall(call: IncomingCall<Connection>): Promise<void> | undefined {
      this.calls.push(call);
      if (call.methodName === 'loose') return undefined;
      return new Promise((resolve, reject) => {
        this.ends.push((error) => (error ? reject(error) : resolve()));
      });
    }
  }

  test('counts until the Promise is settled where it was cancelled', async () => {
    const app = new Streaming('app', {});
    const arena = await Arena.start(closing, { applications: [app] });
    const peer = await arena.guest(OFFER);
    peer.send(...callAndCancel(1, "'feed'],all:[]"));
    await peer.pong(2);
    app.calls[0]?.openStream().end();
    app.calls[0]?.succeed([]);
    expect(bytesOf(arena)).toBeGreaterThan(0);
    app.ends[0]?.();
    await waitFor(() => bytesOf(arena) === 0, 'the end');
  });

  test('counts until its stream has ended where there is no Promise', async () => {
    const app = new Streaming('app', {});
    const arena = await Arena.start(closing, { applications: [app] });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],loose:[]}");
    await waitFor(() => app.calls.length === 1, 'the call');
    const stream = app.calls[0].openStream();
    peer.send('{cancel:[1]}');
    await peer.pong(2);
    expect(stream.write('x')).toBe(false);
    expect(bytesOf(arena)).toBeGreaterThan(0);
    stream.end();
    expect(bytesOf(arena)).toBe(0);
  });

  test('is answered with the code 16 where the Promise is rejected, and the error is reported', async () => {
    const app = new Streaming('app', {});
    const arena = await Arena.start(closing, { applications: [app] });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.ends.length === 1, 'the call');
    app.ends[0]?.(new Error('a secret of the house'));
    expect((await peer.received(2))[1]).toBe('{callback:[1],error:[16]}');
    expect(arena.errors).toEqual([expect.objectContaining({ message: 'a secret of the house' })]);
    expect(bytesOf(arena)).toBe(0);
  });

  test('counts on where it is refused as one stream too many', async () => {
    const app = new Streaming('app', {});
    const arena = await Arena.start(closing, { applications: [app], limits: { maxStreams: 1 } });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}", "{call:[2,'feed'],all:[]}");
    await waitFor(() => app.calls.length === 2, 'the calls');
    for (const call of app.calls) call.openStream();
    expect((await peer.received(2))[1]).toMatch(/^\{callback:\[2\],error:\[-13/);
    app.ends[0]?.();
    app.calls[0]?.succeed([]);
    expect(bytesOf(arena)).toBeGreaterThan(0);
    app.ends[1]?.();
    await waitFor(() => bytesOf(arena) === 0, 'the end');
  });
});

describe('a peer of an old version that comes back', () => {
  test('finds the handlers of its earlier calls counted', async () => {
    const arena = await Arena.start(closing, { limits: { maxCallsInFlight: MOST } });
    const first = await arena.guest();
    const id = /ok:'([^']+)'/.exec(first.messages[0] ?? '')?.[1] ?? '';
    first.send(...[1, 2, 3, 4].map((number) => `{call:[${String(number)},'slow'],wait:[]}`));
    await waitFor(() => arena.waiting.length === MOST, 'the handlers');
    first.destroy();
    const second = await arena.guest(`{handshake:[0,'app'],session:['${id}',0]}`);
    second.send("{call:[5,'mark'],run:['behind']}");
    await arena.hasRead();
    await arena.expectServing();
    expect(arena.executed).not.toContain('behind');
    for (const end of arena.waiting.splice(0, 2)) end();
    await waitFor(() => arena.executed.includes('behind'), 'its call');
  });
});

describe('what a client has sent and its server has not begun to serve when the client goes', () => {
  class Listening extends Application<Connection> {
    readonly heard: unknown[] = [];
    readonly ends: (() => void)[] = [];

    override handleEvent(
      _connection: Connection,
      _interface: string,
      _event: string,
      args: unknown[],
    ): unknown {
      this.heard.push(args[0]);
      return new Promise<void>((resolve) => this.ends.push(resolve));
    }
  }

  const events = (first: number, last: number): string[] =>
    Array.from({ length: last - first + 1 }, (_, index) => {
      const id = String(first + index);
      return `{event:[${id},'i'],e:[${id}]}`;
    });

  async function gone(arena: Arena): Promise<void> {
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of the client');
  }

  test('is served up to limits.maxCallsInFlight calls', async () => {
    const arena = await Arena.start(closing, { limits: { maxCallsInFlight: MOST } });
    const peer = await arena.guest();
    const calls = Array.from(
      { length: 3 * MOST },
      (_, index) => `{call:[${String(index + 1)},'slow'],wait:[]}`,
    );
    peer.send(...calls);
    await waitFor(() => arena.waiting.length === MOST, 'the handlers');
    await arena.hasRead();
    peer.destroy();
    await gone(arena);
    expect(arena.waiting).toHaveLength(MOST);
  });

  test('is served where it is events: their client may well go behind them', async () => {
    const app = new Listening('app', {});
    const arena = await Arena.start(closing, { applications: [app], limits: { maxCallsInFlight: 2 } });
    const peer = await arena.guest("{handshake:[0,'app','',{bye:1,resume:1}]}");
    peer.send(...events(1, 4), "{bye:['close']}");
    await waitFor(() => app.heard.length === 2, 'the first events');
    peer.destroy();
    await gone(arena);
    expect(app.heard).toEqual([1, 2, 3, 4]);
  });

  test('counts as not received at limits.maxCallsInFlight where the client may come back, and is served then, once', async () => {
    const app = new Listening('app', {});
    const arena = await Arena.start(closing, { applications: [app], limits: { maxCallsInFlight: 2 } });
    const peer = await arena.guest("{handshake:[0,'app','',{resume:1}]}");
    const id = /ok:'([^']+)'/.exec(peer.messages[0] ?? '')?.[1] ?? '';
    peer.send(...events(1, 4), '{ping:[5]}');
    await waitFor(() => app.heard.length === 2, 'the first events');
    await arena.hasRead();
    peer.destroy();
    await gone(arena);
    const next = await arena.guest(`{handshake:[0,'app','',{resume:1}],session:['${id}',0]}`);
    expect(next.messages[0]).toContain('ok:2');
    for (const end of app.ends.splice(0)) end();
    next.send(...events(3, 4));
    await waitFor(() => app.heard.length === 4, 'the other events');
    expect(app.heard).toEqual([1, 2, 3, 4]);
  });
});

describe('a handler that does not end', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('holds up the end of a server for limits.drainTimeoutMs and limits.closeTimeoutMs, and no longer', async () => {
    const arena = await Arena.start(closing, { limits: { drainTimeoutMs: 3000, closeTimeoutMs: 2000 } });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'slow'],wait:[]}");
    await peer.pong(2);
    fakeClock();
    let isDrained = false;
    arena.server.close();
    const drain = arena.server.drain().then(() => (isDrained = true));
    await jest.advanceTimersByTimeAsync(2900);
    expect(peer.ended).toBe(false);
    await jest.advanceTimersByTimeAsync(100);
    await peer.end();
    await jest.advanceTimersByTimeAsync(1900);
    expect(isDrained).toBe(false);
    await jest.advanceTimersByTimeAsync(100);
    expect(isDrained).toBe(true);
    await drain;
  });
});
