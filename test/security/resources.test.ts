import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

describe('many unanswered calls', () => {
  test('pause reading at limits.maxCallsInFlight, and it goes on when they are answered', async () => {
    const arena = await Arena.start(closing, { limits: { maxCallsInFlight: 4 } });
    const peer = await arena.guest();
    peer.send(...Array.from({ length: 20 }, (_, index) => `{call:[${String(index + 1)},'slow'],wait:[]}`));
    await waitFor(() => arena.waiting.length === 4, 'four calls');
    await arena.hasRead();
    expect(arena.executed).toHaveLength(4);
    // Others are not held up by the one who is.
    await arena.expectServing();
    let answered = 0;
    while (answered < 20) {
      await waitFor(() => arena.waiting.length > 0, 'another call');
      expect(arena.waiting.length).toBeLessThanOrEqual(4);
      for (const answer of arena.waiting.splice(0)) {
        answer();
        answered += 1;
      }
    }
    const messages = await peer.received(21);
    expect(messages.slice(1)).toEqual(
      Array.from({ length: 20 }, (_, index) => `{callback:[${String(index + 1)}],ok:[]}`),
    );
  });

  test('are given up with their link, and a later link reads again when their handlers have ended', async () => {
    const arena = await Arena.start(closing, { limits: { maxCallsInFlight: 2 } });
    const peer = await arena.guest();
    const id = /ok:'([^']*)'/.exec(peer.messages[0] ?? '')?.[1] ?? '';
    peer.send("{call:[1,'slow'],wait:[]}", "{call:[2,'slow'],wait:[]}", "{call:[3,'slow'],wait:[]}");
    await waitFor(() => arena.waiting.length === 2, 'two calls');
    peer.destroy();
    // Reading is paused: the end of the link is seen all the same, at the latest when its place is taken.
    const back = await arena.stranger();
    back.send(`{handshake:[0,'app'],session:['${id}',0]}`, "{call:[3,'mark'],run:['back']}");
    await back.received(1);
    await arena.hasRead();
    expect(arena.executed).not.toContain('back');
    for (const answer of arena.waiting) answer();
    expect((await back.received(2))[1]).toBe('{callback:[3],ok:[]}');
    await back.pong(4);
    expect(back.messages).toHaveLength(2);
  });
});

describe('a client that answers no call of its server', () => {
  test('has limits.maxPendingCalls of them, and the next one fails at once', async () => {
    const arena = await Arena.start(closing, { limits: { maxPendingCalls: 3 } });
    const peer = await arena.guest();
    const [connection] = arena.server.getClientsArray();
    const outcomes: unknown[] = [];
    for (let count = 0; count < 3; count++)
      connection.callMethod('a', 'b', [], (error) => outcomes.push(error));
    expect(await peer.received(4)).toHaveLength(4);
    expect(outcomes).toEqual([]);
    connection.callMethod('a', 'b', [], (error) => outcomes.push(error));
    await waitFor(() => outcomes.length === 1, 'the refusal');
    expect(outcomes[0]).toMatchObject({ code: -5 });
    await peer.pong(1);
    expect(peer.messages).toHaveLength(4);
    peer.send('{callback:[-1],ok:[]}');
    await waitFor(() => outcomes.length === 2, 'an answer');
    connection.callMethod('a', 'b', [], (error) => outcomes.push(error));
    expect(await peer.received(5)).toHaveLength(5);
  });
});

/**
 * Lets a peer read so many bytes in each millisecond. Why not a piece at each turn of a timer: on a busy machine the turns
 * are few, and the peer would read less than the test says.
 */
function readsSteadily(peer: RawPeer, bytesPerMs: number): { readonly read: number; stop: () => void } {
  const started = performance.now();
  let read = 0;
  const isAhead = (): boolean => read > (performance.now() - started) * bytesPerMs;
  peer.socket.on('data', (chunk: string) => {
    read += chunk.length;
    if (isAhead()) peer.socket.pause();
  });
  const reading = setInterval(() => {
    if (!isAhead()) peer.socket.resume();
  }, 5);
  const stop = (): void => {
    clearInterval(reading);
    peer.socket.pause();
  };
  closing.add(stop);
  return {
    get read() {
      return read;
    },
    stop,
  };
}

describe('a peer that reads nothing', () => {
  const BIG = 'x'.repeat(1024 * 1024);

  test('is cut off when limits.maxSendBufferBytes wait for it', async () => {
    const arena = await Arena.start(closing, {
      limits: { maxSendBufferBytes: 4 * 1024 * 1024, sendHighWaterMark: Infinity },
    });
    const peer = await arena.guest();
    peer.socket.pause();
    peer.send(
      ...Array.from({ length: 40 }, (_, index) => `{call:[${String(index + 1)},'echo'],back:['${BIG}']}`),
    );
    await waitFor(() => arena.errors.length > 0, 'the cut');
    expect(arena.errors[0]).toMatchObject({ code: 'ERR_JSTP_SLOW_PEER' });
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of its connection');
    await arena.expectServing();
  });

  test('is cut off when nothing moves for limits.sendStallTimeoutMs', async () => {
    const arena = await Arena.start(closing, { limits: { sendStallTimeoutMs: 100 } });
    const peer = await arena.guest();
    peer.socket.pause();
    peer.send(
      ...Array.from({ length: 30 }, (_, index) => `{call:[${String(index + 1)},'echo'],back:['${BIG}']}`),
    );
    await waitFor(() => arena.errors.length > 0, 'the cut');
    expect(arena.errors[0]).toMatchObject({ code: 'ERR_JSTP_STALLED_PEER' });
    await arena.expectServing();
  });

  const echoes = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `{call:[${String(index + 1)},'echo'],back:['${BIG}']}`);

  test('is not served beyond limits.sendHighWaterMark, and is again when it has read all', async () => {
    const arena = await Arena.start(closing, { limits: { sendHighWaterMark: 1024 * 1024 } });
    let served = 0;
    arena.server.on('log', (_connection, event) => {
      if (event === 'call') served++;
    });
    const peer = await arena.guest();
    peer.socket.pause();
    peer.send(...echoes(48));
    await waitFor(() => served > 0, 'the first call');
    let before = 0;
    await waitFor(async () => {
      before = served;
      await arena.hasRead();
      await arena.expectServing();
      return served === before + 1;
    }, 'the pause');
    // What the system takes, and one message beyond the mark.
    expect(served).toBeLessThan(36);
    peer.socket.resume();
    expect(await peer.received(49)).toHaveLength(49);
    expect(peer.ended).toBe(false);
  });

  test('is served on where limits.sendHighWaterMark is Infinity', async () => {
    const arena = await Arena.start(closing, {
      limits: { sendHighWaterMark: Infinity, maxSendBufferBytes: Infinity },
    });
    let served = 0;
    arena.server.on('log', (_connection, event) => {
      if (event === 'call') served++;
    });
    const peer = await arena.guest();
    peer.socket.pause();
    // More than the system takes.
    peer.send(...echoes(36));
    await waitFor(() => served === 36, 'all calls');
    peer.destroy();
  });

  test('is not cut off while it goes on reading, however slowly', async () => {
    const arena = await Arena.start(closing, { limits: { sendStallTimeoutMs: 400 } });
    const peer = await arena.guest();
    peer.socket.pause();
    peer.send(
      ...Array.from({ length: 24 }, (_, index) => `{call:[${String(index + 1)},'echo'],back:['${BIG}']}`),
    );
    let read = 0;
    peer.socket.on('data', (chunk: string) => {
      read += chunk.length;
      if (read > 1_500_000) peer.socket.pause();
    });
    const reading = setInterval(() => {
      read = 0;
      peer.socket.resume();
    }, 20);
    closing.add(() => clearInterval(reading));
    await peer.received(25);
    expect(arena.errors).toEqual([]);
  });

  test.each([
    ['is kept while it reads', 0.01, 13_000, []],
    ['is cut off when it reads less than', 100, 1000, [{ code: 'ERR_JSTP_STALLED_PEER' }]],
  ] as const)(
    '%s limits.minWriteRate',
    async (_what, megabytes, bytesPerMs, errors) => {
      const limits = { sendStallTimeoutMs: 2000, minWriteRate: megabytes * 1_000_000 };
      const arena = await Arena.start(closing, { limits });
      const peer = await arena.guest();
      peer.socket.pause();
      peer.send(...echoes(40));
      const reader = readsSteadily(peer, bytesPerMs);
      await waitFor(() => reader.read > 40 * BIG.length || arena.errors.length > 0, 'all answers', 60_000);
      expect(arena.errors).toMatchObject(errors);
      expect(reader.read).toBeGreaterThan(0);
      peer.destroy();
    },
    90_000,
  );

  test.each([
    ['the stall timeout', {}, { sendStallTimeoutMs: 2000 }, 'ERR_JSTP_STALLED_PEER'],
    ['heartbeats', { heartbeatInterval: 1500 }, { sendStallTimeoutMs: 0 }, -9],
  ] as const)(
    'is not cut off by %s while a large answer leaves step by step, and is when that ends',
    async (_what, options, limits, code) => {
      const arena = await Arena.start(closing, {
        ...options,
        limits: { ...limits, maxMessageBytes: 64_000_000, maxSendBufferBytes: 64_000_000 },
      });
      const peer = await arena.guest();
      peer.socket.pause();
      const text = 'x'.repeat(30_000_000);
      peer.send(`{call:[1,'echo'],back:['${text}']}`);
      const reader = readsSteadily(peer, 2600);
      // At least twice the wait. Why so much: a system tells a slow reader's progress in steps of up to a megabyte, of
      // which there must be several within the wait.
      await waitFor(() => reader.read > 12_000_000, 'twelve megabytes', 60_000);
      expect(arena.errors).toEqual([]);
      reader.stop();
      await waitFor(() => arena.errors.length > 0, 'the cut');
      expect(arena.errors[0]).toMatchObject({ code });
      await arena.expectServing();
    },
    90_000,
  );

  test('does not make broadcasts to it pile up without a bound', async () => {
    const arena = await Arena.start(closing, {
      limits: { journalMaxEntries: 100, maxSendBufferBytes: 1024 * 1024 * 1024 },
    });
    const peer = await arena.guest();
    peer.socket.pause();
    for (let turn = 0; turn < 500; turn++) arena.server.broadcast('news', 'item', turn);
    expect(arena.server.getClientsArray()[0]?.session?.journal.size).toBeLessThanOrEqual(101);
    expect(arena.errors.at(-1)).toMatchObject({ code: -5 });
    await arena.expectServing();
  });
});

describe('a peer that never pongs', () => {
  test('is dropped by the server’s heartbeat after two intervals', async () => {
    const arena = await Arena.start(closing, { heartbeatInterval: 40 });
    const peer = await arena.guest();
    await peer.end();
    expect(peer.messages).toContain('{ping:[-1]}');
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of its connection');
  });

  test('is dropped although it sends other things, `{}` among them', async () => {
    const arena = await Arena.start(closing, { heartbeatInterval: 40, limits: { heartbeatTimeoutMs: 60 } });
    const peer = await arena.guest();
    let id = 0;
    const chatter = setInterval(() => peer.send('{}', `{ping:[${String(++id)}]}`), 10);
    closing.add(() => clearInterval(chatter));
    await peer.end();
  });

  test('one that pongs stays', async () => {
    const arena = await Arena.start(closing, { heartbeatInterval: 30 });
    const peer = await arena.guest();
    let answered = 1;
    const answering = setInterval(() => {
      for (; answered < peer.messages.length; answered++) {
        peer.send((peer.messages[answered] ?? '').replace('ping', 'pong'));
      }
    }, 5);
    closing.add(() => clearInterval(answering));
    await waitFor(() => peer.messages.length >= 6, 'five pings');
    expect(peer.ended).toBe(false);
  });
});

describe('what strangers leave behind', () => {
  test('anonymous sessions without state are not stored', async () => {
    const stored: string[] = [];
    const arena = await Arena.start(closing, {
      sessionStorageProvider: { get: () => undefined, set: (id) => stored.push(id) },
    });
    for (let turn = 0; turn < 5; turn++) (await arena.guest()).destroy();
    await waitFor(() => arena.server.getClientsArray().length === 0, 'the end of all');
    expect(stored).toEqual([]);
  });

  test('sessions over limits.maxSessions push out the one that is away the longest', async () => {
    const arena = await Arena.start(closing, { limits: { maxSessions: 3 } });
    const ids: string[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const peer = await arena.guest();
      ids.push(/ok:'([^']*)'/.exec(peer.messages[0] ?? '')?.[1] ?? '');
      peer.destroy();
      await waitFor(() => arena.server.getClientsArray().length === 0, 'its end');
    }
    const answers: string[] = [];
    for (const id of ids) {
      const peer = await arena.stranger();
      peer.send(`{handshake:[0,'app'],session:['${id}',0]}`);
      answers.push((await peer.received(1))[0] ?? '');
      peer.destroy();
      await waitFor(() => arena.server.getClientsArray().length === 0, 'its end');
    }
    const REFUSED = '{handshake:[0],error:[11]}';
    const RESUMED = '{handshake:[0],ok:0}';
    expect(answers).toEqual([REFUSED, REFUSED, RESUMED, RESUMED, RESUMED]);
  });
});
