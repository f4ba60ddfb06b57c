import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Socket } from 'node:net';
import { ERR_CALLBACK_LOST, ERR_SESSION_LOST, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { cut } from '../support/jstp.js';
import { clockWait } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import { Cluster } from './cluster.js';
import { RedisServer } from './redis-server.js';

const closing = new Closing();
let redis: RedisServer;
let cluster: Cluster;

beforeEach(async () => {
  redis = await RedisServer.start(closing);
  cluster = new Cluster(closing, redis.port);
});
afterEach(() => closing.run());

function call(connection: Connection, method: string, name: string): Promise<unknown> {
  return within(connection.callMethod('works', method, [name]), name);
}

/** Waits for the end of one attempt to come back; resolves to its error. */
function attempt(connection: Connection): Promise<unknown> {
  return within(
    new Promise((resolve) => {
      connection.once('reconnect', resolve);
    }),
    'an attempt to come back',
  );
}

describe('a client that comes back to another server', () => {
  test('finds its session there, and the answer of the call that was running, which ran once', async () => {
    const [a, b] = [await cluster.start(), await cluster.start()];
    const home = { at: a };
    const { connection, told } = await cluster.connect(home);
    const running = call(connection, 'held', 'first');
    await a.runs('first');
    const { id } = connection.session ?? {};
    home.at = b;
    cut(connection);
    a.emit('while away');
    await clockWait('a moment of another process', 30);
    a.release('first');
    expect(await running).toBe('first: 1');
    expect(await call(connection, 'quick', 'second')).toBe('second: 1');
    expect(connection.session?.id).toBe(id);
    expect(told).toEqual(['while away']);
    expect(await redis.dump()).not.toContain(id);
  });

  test('leaves nothing behind where its old connection is still up: that is told so and closed', async () => {
    const [a, b] = [await cluster.start(), await cluster.start()];
    const { connection } = await cluster.connect({ at: a });
    const byes: string[] = [];
    connection.on('bye', (reason) => byes.push(reason));
    // Another process that has the session's text.
    const { Session } = await import('../../lib/core.js');
    const copy = Session.fromString<Connection>(connection.session?.toString() ?? '');
    // A session that has not reached Redis yet is unknown to other servers.
    await waitFor(async () => (await redis.dump()).includes('session:'), 'the session in the store');
    await cluster.connect({ at: b }, { session: copy });
    await waitFor(() => byes.length > 0, 'the word of the old server');
    expect(byes).toEqual(['taken']);
    await waitFor(() => a.reports.some(({ taken }) => taken), 'the event of the old server');
    await waitFor(() => !connection.handshakeDone, 'the end of the old line');
  });
});

describe('a drain', () => {
  test('loses nothing: what runs ends, what waits goes on elsewhere', async () => {
    const [a, b] = [await cluster.start(), await cluster.start()];
    const home = { at: a };
    const { connection } = await cluster.connect(home);
    const running = call(connection, 'held', 'running');
    await a.runs('running');
    home.at = b;
    a.drain();
    const waiting = Array.from({ length: 20 }, (_, n) => call(connection, 'quick', `waiting ${n}`));
    await clockWait('a moment of another process', 30);
    a.release('running');
    expect(await running).toBe('running: 1');
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 20 }, (_, n) => `waiting ${n}: 1`));
    await a.gone();
    expect(connection.handshakeDone).toBe(true);
  });

  test('gives handlers drainTimeoutMs: a call that is not answered by then fails with -1, and is run no more', async () => {
    const [a, b] = [await cluster.start({ drainTimeoutMs: 50 }), await cluster.start()];
    const home = { at: a };
    const { connection } = await cluster.connect(home);
    const endless = call(connection, 'held', 'endless');
    const failed = expect(endless).rejects.toBe(ERR_CALLBACK_LOST);
    await a.runs('endless');
    home.at = b;
    a.drain();
    await failed;
    expect(await call(connection, 'quick', 'endless')).toBe('endless: 2');
    expect(b.reports.some(({ ran }) => ran === 'endless')).toBe(false);
  });
});

describe('a server that is killed', () => {
  test('takes its live sessions with it: the client is told that, and never gets another by itself', async () => {
    const [a, b] = [await cluster.start(), await cluster.start()];
    const home = { at: a };
    const { connection } = await cluster.connect(home);
    const running = call(connection, 'held', 'lost');
    const failed = expect(running).rejects.toBe(ERR_CALLBACK_LOST);
    await a.runs('lost');
    home.at = b;
    const tried = lastAttempt(connection);
    await a.kill();
    expect(await tried).toMatchObject({ code: ERR_SESSION_LOST });
    await failed;
    expect(b.reports.some(({ ran }) => ran === 'lost')).toBe(false);
  });

  test('leaves no old state behind for a session that had come back to it', async () => {
    const [a, b] = [await cluster.start(), await cluster.start()];
    const home = { at: a };
    const { connection } = await cluster.connect(home);
    cut(connection);
    expect(await attempt(connection)).toBeNull();
    const running = call(connection, 'held', 'after the return');
    const failed = expect(running).rejects.toBe(ERR_CALLBACK_LOST);
    await a.runs('after the return');
    home.at = b;
    const tried = lastAttempt(connection);
    await a.kill();
    expect(await tried).toMatchObject({ code: ERR_SESSION_LOST });
    await failed;
  });

  test('with write-through loses no answer and runs nothing twice: an unanswered call fails with -1', async () => {
    const settings = { writeThrough: true };
    const [a, b] = [await cluster.start(settings), await cluster.start(settings)];
    const home = { at: a };
    const { connection, told } = await cluster.connect(home);
    expect(await call(connection, 'quick', 'before')).toBe('before: 1');
    const running = call(connection, 'held', 'running');
    const failed = expect(running).rejects.toBe(ERR_CALLBACK_LOST);
    await a.runs('running');
    home.at = b;
    await a.kill();
    const waiting = call(connection, 'quick', 'made while away');
    await failed;
    expect(await waiting).toBe('made while away: 1');
    expect(await call(connection, 'quick', 'running')).toBe('running: 2');
    b.emit('by the heir');
    await waitFor(() => told.length > 0, 'the event');
    expect(told).toEqual(['by the heir']);
  });

  test('with write-through has stored an answer before it sent it: the heir sends it again', async () => {
    const settings = { writeThrough: true };
    const [a, b] = [await cluster.start(settings), await cluster.start(settings)];
    const home = { at: a };
    const { connection } = await cluster.connect(home);
    const running = call(connection, 'held', 'answered');
    await a.runs('answered');
    // A client that hears nothing: what is sent to it is lost with its line.
    (connection.getTransport() as Socket).pause();
    home.at = b;
    a.release('answered');
    await stored('answered: 1');
    await a.kill();
    cut(connection);
    expect(await running).toBe('answered: 1');
  });
});

describe('Redis that is away', () => {
  test('stops no client that is connected; who comes back waits for it', async () => {
    const a = await cluster.start();
    const home = { at: a };
    const [stays, returns] = [await cluster.connect(home), await cluster.connect(home)];
    redis.pause();
    const running = call(stays.connection, 'held', 'before');
    cut(returns.connection);
    const outcome = await attempt(returns.connection);
    expect(outcome).toMatchObject({ code: -2 });
    expect(stays.connection.handshakeDone).toBe(true);
    expect(await within(stays.connection.ping(), 'a pong')).toBeUndefined();
    redis.resume();
    await a.runs('before');
    a.release('before');
    expect(await running).toBe('before: 1');
    await waitFor(() => returns.connection.handshakeDone, 'the return');
    expect(await call(returns.connection, 'quick', 'after')).toBe('after: 1');
  });
});

/** Waits until Redis holds a text. */
async function stored(text: string): Promise<void> {
  let dump = '';
  const look = async (): Promise<void> => {
    dump = await redis.dump();
    if (!dump.includes(text)) await look();
  };
  await within(look(), `${text} in Redis`);
}

/** The first attempt that says what has become of the session: those before may find the owner's lease unexpired. */
function lastAttempt(connection: Connection): Promise<unknown> {
  return within(
    new Promise((resolve) => {
      connection.on('reconnect', (error) => {
        if (error === null || (error as { code?: unknown }).code === ERR_SESSION_LOST) resolve(error);
      });
    }),
    'the end of the attempts',
  );
}
