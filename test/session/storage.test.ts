import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Session, SimpleSessionStorageProvider, type SessionStorageProvider } from '../../lib/core.js';
import { loadSession, storeSession } from '../../lib/session/ask-session-storage.js';
import { timersOf, turns } from '../support/quiet.js';

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
});
