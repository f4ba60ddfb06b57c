import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Session, SimpleSessionStorageProvider, type SessionStorageProvider } from '../../lib/core.js';
import { deleteSession, loadSession, storeSession } from '../../lib/session/ask-session-storage.js';
import { timersOf, turns } from '../support/quiet.js';
import { ENTRY_BYTES } from '../../lib/session/journal.js';

/** What a library's own promises look like. */
function thenableOf<T>(value: T): PromiseLike<T> {
  const promise = Promise.resolve(value);
  return { then: promise.then.bind(promise) };
}

describe('SimpleSessionStorageProvider', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('keeps a session while it is active, and its lifetime long after', () => {
    const provider = new SimpleSessionStorageProvider(1000, 100);
    const session = new Session(null, 'ann', 'a');
    provider.set('a', session).setInactive('a');
    jest.advanceTimersByTime(900);
    expect(provider.get('a')).toBe(session);
    jest.advanceTimersByTime(5000);
    expect(provider.size).toBe(1);
    provider.setInactive('a');
    jest.advanceTimersByTime(1200);
    expect(provider.get('a')).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('forgets the oldest over its cap', () => {
    const provider = new SimpleSessionStorageProvider(1000, 100, 2);
    for (const id of ['a', 'b', 'a', 'c']) provider.set(id, new Session(null, null, id));
    expect(['a', 'b', 'c'].map((id) => provider.get(id)?.id)).toEqual(['a', undefined, 'c']);
  });

  test('finds the oldest without a look at those that were deleted before, or that hold nothing', () => {
    const provider = new SimpleSessionStorageProvider(1000, 100, 1000, 1000);
    const visit = jest.spyOn(Map.prototype, 'keys');
    const walk = jest.spyOn(Map.prototype, Symbol.iterator);
    for (let count = 0; count < 2000; count++) {
      const session = new Session(null, null, `s${String(count)}`);
      if (count % 100 === 0) session.journal.append('x'.repeat(500 - ENTRY_BYTES));
      provider.set(session.id, session);
    }
    const visits = visit.mock.calls.length + walk.mock.calls.length;
    visit.mockRestore();
    walk.mockRestore();
    expect([visits, provider.size]).toEqual([0, 1000]);
    provider.clear();
  });

  test('keeps a session for 24 hours unless told otherwise, and looks once an hour', () => {
    const provider = new SimpleSessionStorageProvider();
    provider.set('a', new Session(null, 'ann', 'a')).setInactive('a');
    jest.advanceTimersByTime(24 * 3_600_000 - 1);
    expect([provider.size, jest.getTimerCount()]).toEqual([1, 1]);
    jest.advanceTimersByTime(1);
    expect([provider.size, jest.getTimerCount()]).toEqual([0, 0]);
  });

  test('over its cap of bytes forgets the oldest of those that nobody else has, and no more than it must', () => {
    const provider = new SimpleSessionStorageProvider(1000, 100, 10, 400);
    const held = (id: string, text: string, connection: object | null = null): Session => {
      const session = new Session<unknown>(connection, null, id);
      if (text) session.journal.append(text);
      return session;
    };
    provider.set('connected', held('connected', 'x'.repeat(50), {}));
    provider.set('empty', held('empty', ''));
    for (const id of ['a', 'b', 'c']) provider.set(id, held(id, 'x'.repeat(200 - ENTRY_BYTES)));
    expect(provider.size).toBe(4);
    const left = (): string[] => ['connected', 'empty', 'a', 'b', 'c', 'd'].filter((id) => provider.get(id));
    // Those that were asked for count no more: their connections have them.
    expect(left()).toEqual(['connected', 'empty', 'b', 'c']);
    provider.set('d', held('d', 'x'.repeat(400 - ENTRY_BYTES)));
    expect(left()).toEqual(['connected', 'empty', 'b', 'c', 'd']);
  });

  test('counts what was asked for and given back, by its time and by its bytes', () => {
    const provider = new SimpleSessionStorageProvider(1000, 100, 10, 200);
    for (const id of ['a', 'b']) {
      const session = new Session(null, null, id);
      session.journal.append('x'.repeat(160 - ENTRY_BYTES));
      provider.set(id, session);
      if (id === 'b') break;
      provider.get(id);
    }
    expect(provider.size).toBe(2);
    // It counts from now on, and the other one has counted for longer.
    provider.setInactive('a');
    expect(provider.size).toBe(1);
    expect(provider.get('a')?.id).toBe('a');
    provider.setInactive('a');
    jest.advanceTimersByTime(1100);
    expect(provider.size).toBe(0);
  });

  test('after clear counts from nothing', () => {
    const provider = new SimpleSessionStorageProvider(1000, 100, 10, 200);
    const full = (id: string): Session => {
      const session = new Session(null, null, id);
      session.journal.append('x'.repeat(200 - ENTRY_BYTES));
      return session;
    };
    provider.set('a', full('a'));
    provider.setInactive('a');
    provider.clear();
    expect(jest.getTimerCount()).toBe(0);
    provider.set('b', full('b'));
    provider.setInactive('b');
    expect([provider.size, jest.getTimerCount()]).toEqual([1, 1]);
    provider.clear();
  });

  test('delete and clear forget, unknown ids are ignored', () => {
    const provider = new SimpleSessionStorageProvider();
    expect(provider.isAsync()).toBe(false);
    provider.set('a', new Session(null, null, 'a')).set('b', new Session(null, null, 'b'));
    provider.setInactive('nobody');
    provider.setInactive('b');
    expect(provider.delete('a')).toBe(true);
    expect(provider.delete('a')).toBe(false);
    provider.clear();
    expect(provider.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a provider answers once, in whichever way', () => {
  const session = new Session(null, null, 'a');
  const PROVIDERS: readonly [
    title: string,
    get: SessionStorageProvider['get'],
    isAsync: boolean,
    outcome: unknown,
  ][] = [
    ['at once', () => session, false, [null, session]],
    ['at once, with nothing', () => undefined, false, [null, undefined]],
    ['at once, with null', () => null, false, [null, undefined]],
    ['by a Promise', async () => session, false, [null, session]],
    ['by a thenable of a library', () => thenableOf(session), false, [null, session]],
    ['by a Promise of null', async () => null, true, [null, undefined]],
    ['by calling back', (_id, callback) => callback?.(session), true, [null, session]],
    [
      'by calling back later',
      (_id, callback) => void setTimeout(() => callback?.(session), 1),
      true,
      [null, session],
    ],
    ['by both', (_id, callback) => (callback?.(session), session), false, [null, session]],
    [
      'by throwing',
      () => {
        throw 'broken';
      },
      false,
      ['broken', undefined],
    ],
    ['by rejecting', () => Promise.reject('broken'), true, ['broken', undefined]],
  ];

  test.each(PROVIDERS)('%s', async (_title, get, isAsync, outcome) => {
    const outcomes: unknown[] = [];
    loadSession({ get, set: () => undefined, isAsync: () => isAsync }, 'a', (error, found) =>
      outcomes.push([error, found]),
    );
    await timersOf(1);
    expect(outcomes).toEqual([outcome]);
  });

  test('a shared one that gives no Promise has answered, whatever it says of itself', () => {
    const outcomes: unknown[] = [];
    const shared = { get: () => undefined, set: () => undefined, isAsync: () => true, claim: () => session };
    loadSession(shared as unknown as SessionStorageProvider, 'a', (error, found) =>
      outcomes.push([error, found]),
    );
    expect(outcomes).toEqual([[null, session]]);
  });

  test('set comes before setInactive, and the failure of either is told', async () => {
    const steps: unknown[] = [];
    const provider: SessionStorageProvider = {
      get: () => undefined,
      set: async (id) => steps.push(['set', id]),
      setInactive: (id) => {
        steps.push(['setInactive', id]);
        throw 'broken';
      },
    };
    storeSession(provider, session, (error) => steps.push(error));
    await turns();
    expect(steps).toEqual([['set', 'a'], ['setInactive', 'a'], 'broken']);
  });

  test('setInactive waits for a set that takes its time', async () => {
    const steps: string[] = [];
    let stored = (): void => undefined;
    const provider: SessionStorageProvider = {
      get: () => undefined,
      set: () =>
        new Promise<void>((resolve) => {
          stored = () => {
            steps.push('set');
            resolve();
          };
        }),
      setInactive: () => steps.push('setInactive'),
    };
    storeSession(provider, session, (error) => steps.push(String(error)));
    await turns();
    stored();
    await turns();
    expect(steps).toEqual(['set', 'setInactive']);
  });

  test.each(['set', 'setInactive', 'delete'] as const)('a %s that rejects is told', async (method) => {
    const errors: unknown[] = [];
    const provider: SessionStorageProvider = {
      get: () => undefined,
      set: () => undefined,
      [method]: () => Promise.reject(new Error('broken')),
    };
    if (method === 'delete') deleteSession(provider, 'a', (error) => errors.push(error));
    else storeSession(provider, session, (error) => errors.push(error));
    await turns();
    expect(errors).toEqual([new Error('broken')]);
  });

  test('what is no session of this package is a text that cannot be read', () => {
    const errors: unknown[] = [];
    loadSession({ get: () => ({ id: 'a' }) as unknown as Session, set: () => undefined }, 'a', (error) =>
      errors.push(error),
    );
    expect(errors).toEqual([expect.objectContaining({ name: 'SessionTextError' })]);
  });
});
