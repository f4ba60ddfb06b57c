import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { AuthPolicyFunction, Limits } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { turns } from '../support/quiet.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess, HANDSHAKE } from './arena.js';

const closing = new Closing();
const LOGIN = "{handshake:[0,'app'],login:['ann','secret']}";

guardProcess();
afterEach(async () => {
  jest.useRealTimers();
  await closing.run();
});

/** An arena whose policy answers when the test says so. */
async function undecided(limits: Partial<Limits> = {}): Promise<{ arena: Arena; decide: (() => void)[] }> {
  const decide: (() => void)[] = [];
  const authPolicy: AuthPolicyFunction = (_connection, _application, _strategy, _credentials, callback) => {
    decide.push(() => callback(null, 'ann'));
  };
  return { arena: await Arena.start(closing, { authPolicy, limits }), decide };
}

describe('while a policy decides', () => {
  const EARLY: readonly [title: string, text: string][] = [
    ['a call', CHASER],
    ['an event', "{event:[1,'mark'],run:['chaser']}"],
    ['an inspect', "{inspect:[1,'mark']}"],
    ['a ping', '{ping:[1]}'],
    ['a callback', '{callback:[-1],ok:[]}'],
    ['a second handshake', HANDSHAKE],
    ['the same handshake again', LOGIN],
    ['a bye', "{bye:['close']}"],
    ['an unknown kind', '{x:[]}'],
    ['an answer to a handshake', "{handshake:[0],ok:'x'}"],
  ];

  test.each(EARLY)('%s ends the connection; a later yes opens nothing', async (_title, text) => {
    const { arena, decide } = await undecided();
    const peer = await arena.stranger();
    peer.send(LOGIN, text, CHASER);
    await peer.end();
    let connects = 0;
    arena.server.on('connect', () => connects++);
    for (const answer of decide) answer();
    await turns();
    peer.send(CHASER);
    await arena.hasRead();
    expect(connects).toBe(0);
    expect(arena.executed).toEqual([]);
    expect(decide).toHaveLength(1);
    expect(peer.messages).toEqual([]);
    expect(arena.server.getClientsArray()).toHaveLength(0);
  });

  test('`{}` is allowed', async () => {
    const { arena, decide } = await undecided();
    const peer = await arena.stranger();
    peer.send(LOGIN, '{}', '{}');
    await waitFor(() => decide.length === 1, 'the policy');
    await arena.hasRead();
    decide[0]?.();
    peer.send("{call:[1,'mark'],run:['let in']}");
    expect((await peer.received(2))[1]).toBe('{callback:[1],ok:[]}');
  });

  test('a policy that answers twice opens one session', async () => {
    const { arena, decide } = await undecided();
    let connects = 0;
    arena.server.on('connect', () => connects++);
    const peer = await arena.stranger();
    peer.send(LOGIN);
    await waitFor(() => decide.length === 1, 'the policy');
    decide[0]?.();
    decide[0]?.();
    await peer.received(1);
    await peer.pong(1);
    expect(peer.messages).toHaveLength(1);
    expect(connects).toBe(1);
  });

  test('a peer that goes away is no client when the yes comes', async () => {
    const { arena, decide } = await undecided();
    const peer = await arena.stranger();
    peer.send(LOGIN);
    await waitFor(() => decide.length === 1, 'the policy');
    peer.destroy();
    await arena.hasRead();
    decide[0]?.();
    await turns();
    expect(arena.server.getClientsArray()).toHaveLength(0);
    await arena.expectServing();
  });

  test('a policy that never answers costs the peer its connection at the timeout', async () => {
    const { arena } = await undecided({ handshakeTimeoutMs: 60 });
    let timeouts = 0;
    arena.server.on('handshakeTimeout', () => timeouts++);
    const peer = await arena.stranger();
    peer.send(LOGIN);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual([]);
    expect(timeouts).toBe(1);
  });
});

describe('a policy that fails', () => {
  const POLICIES: readonly [title: string, policy: AuthPolicyFunction, answer: string][] = [
    [
      'throws',
      () => {
        throw new Error('secret');
      },
      '[11]',
    ],
    [
      'throws null',
      () => {
        throw null;
      },
      '[11]',
    ],
    [
      'rejects',
      async () => {
        throw new Error('secret');
      },
      '[11]',
    ],
    ['rejects with nothing', () => Promise.reject(undefined), '[11]'],
    [
      'calls back with text',
      (_c, _a, _s, _k, callback) => {
        callback('secret');
      },
      '[11]',
    ],
    [
      'calls back with no name',
      (_c, _a, _s, _k, callback) => {
        callback(null, '');
      },
      '[11]',
    ],
    ['resolves to no text', async () => ({ name: 'ann' }), '[11]'],
    ['resolves to null', async () => null, '[11]'],
  ];

  test.each(POLICIES)('%s: refused, and nothing of its text is told', async (_title, authPolicy, answer) => {
    const arena = await Arena.start(closing, { authPolicy });
    const peer = await arena.stranger();
    peer.send(LOGIN);
    await peer.end();
    peer.send(CHASER);
    await arena.expectEnded(peer);
    expect(peer.messages).toEqual([`{handshake:[0],error:${answer}}`]);
  });
});

describe('the handshake’s time', () => {
  test('a peer that says nothing is cut off and the server told', async () => {
    const arena = await Arena.start(closing, { limits: { handshakeTimeoutMs: 60 } });
    const timedOut: unknown[] = [];
    arena.server.on('handshakeTimeout', (connection) => timedOut.push(connection));
    const peer = await arena.stranger();
    await arena.expectEnded(peer);
    expect(timedOut).toHaveLength(1);
    expect(peer.messages).toEqual([]);
  });

  test('is limits.handshakeTimeoutMs, and no millisecond more', async () => {
    fakeClock();
    const arena = await Arena.start(closing, { limits: { handshakeTimeoutMs: 3000 } });
    const [early, late] = [await arena.stranger(), await arena.stranger()];
    await waitFor(() => arena.server.getUsage().pendingHandshakes.used === 2, 'both');
    jest.advanceTimersByTime(2999);
    early.send(HANDSHAKE);
    await early.received(1);
    expect([early.messages.length, late.ended]).toEqual([1, false]);
    jest.advanceTimersByTime(1);
    await late.end();
    await arena.expectServing();
    expect(early.ended).toBe(false);
  });

  test('`{}` does not extend it', async () => {
    const arena = await Arena.start(closing, { limits: { handshakeTimeoutMs: 80 } });
    const peer = await arena.stranger();
    const heartbeat = setInterval(() => peer.send('{}'), 10);
    closing.add(() => clearInterval(heartbeat));
    await waitFor(() => peer.ended, 'the end', 1000);
    await arena.expectEnded(peer);
  });

  test('single bytes do not extend it', async () => {
    const arena = await Arena.start(closing, { limits: { handshakeTimeoutMs: 80 } });
    const peer = await arena.stranger();
    const drip = setInterval(() => peer.socket.write(' '), 10);
    closing.add(() => clearInterval(drip));
    await waitFor(() => peer.ended, 'the end', 1000);
  });

  test('it does not run for those who are in', async () => {
    const arena = await Arena.start(closing, { limits: { handshakeTimeoutMs: 60 } });
    const peer = await arena.guest();
    // Whose time begins later.
    await (await arena.stranger()).end();
    peer.send('{ping:[1]}');
    expect((await peer.received(2))[1]).toBe('{pong:[1]}');
  });
});

test('messages in the handshake’s own write are served in order', async () => {
  const arena = await Arena.start(closing);
  const peer = await arena.stranger();
  peer.send(HANDSHAKE, "{call:[1,'mark'],run:['a']}", '{ping:[2]}', "{call:[3,'mark'],run:['b']}");
  await peer.received(4);
  expect(peer.messages.slice(1)).toEqual(['{callback:[1],ok:[]}', '{pong:[2]}', '{callback:[3],ok:[]}']);
  expect(arena.executed).toEqual(['a', 'b']);
});
