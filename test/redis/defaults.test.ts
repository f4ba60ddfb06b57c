import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Session } from '../../lib/core.js';
import { RedisBroadcaster, RedisSessionStorageProvider, type RedisLike } from '../../lib/redis/index.js';

const AWAY = { code: 'ERR_JSTP_STORE_AWAY', message: expect.stringContaining('within 2000 ms') };

/** A client of Redis that answers all commands alike. */
function clientOf(answer: () => Promise<unknown>): RedisLike {
  const METHODS = ['evalSha', 'eval', 'publish', 'subscribe', 'duplicate', 'on', 'destroy'];
  return Object.fromEntries(METHODS.map((name) => [name, answer])) as unknown as RedisLike;
}

const silent = clientOf(() => new Promise(() => undefined));

/** Expects that an attempt is refused after two seconds, and not before. */
async function expectRefusalAfter2s(attempt: Promise<unknown>, refusal: object): Promise<void> {
  let isOver = false;
  const refused = expect(attempt.finally(() => (isOver = true))).rejects.toMatchObject(refusal);
  await jest.advanceTimersByTimeAsync(1999);
  expect(isOver).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await refused;
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('without options', () => {
  test('a command of a store, or of a broadcaster, waits for Redis for two seconds', async () => {
    await expectRefusalAfter2s(new RedisSessionStorageProvider(silent).claim('a'), AWAY);
    await expectRefusalAfter2s(new RedisBroadcaster(silent).broadcast('chat', 'said'), AWAY);
  });

  test('a claim waits for the owner of the session for two seconds', async () => {
    const store = new RedisSessionStorageProvider(clientOf(async () => ['busy']));
    await expectRefusalAfter2s(store.claim('a'), {
      code: 'ERR_JSTP_SESSION_BUSY',
      message: expect.stringContaining('within 2000 ms'),
    });
  });

  test('a lease lasts ten seconds, sessions without an owner are kept for a day, and not each step is saved', () => {
    const make = (options?: object) => new RedisSessionStorageProvider(silent, options);
    expect(() => make({ sessionLifetimeMs: 9999 })).toThrow(/^sessionLifetimeMs must be .* from 10000 to/);
    expect(() => make({ leaseMs: 86_400_001 })).toThrow(/^sessionLifetimeMs must be/);
    expect(make({ leaseMs: 86_400_000 })).toBeInstanceOf(RedisSessionStorageProvider);
    expect(make().writeThrough).toBe(false);
  });

  test('a session may have 64 MiB', async () => {
    const store = new RedisSessionStorageProvider(clientOf(async () => 1));
    const session = new Session(null, 'ann');
    const { length } = session.serialize();
    session.set('state', 'x'.repeat(64 * 1024 * 1024 - length - '["state",""]'.length));
    await store.save(session.id, session);
    session.set('more', 1);
    await expect(store.save(session.id, session)).rejects.toMatchObject({ code: 'ERR_JSTP_SESSION_SIZE' });
  });
});
