import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { AuthPolicyFunction, Limits, RefusedHandshake } from '../../lib/core.js';
import { resolveLimits } from '../../lib/protocol/limits.js';
import {
  LoginLimit,
  nameIn,
  type LoginAttempt,
  type LoginLimitName,
  type LoginTurn,
} from '../../lib/server/handshake/login-limit.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();
afterEach(() => {
  jest.useRealTimers();
});
guardProcess();
afterEach(() => closing.run());

/** One login, as its server decides it. */
class Login implements LoginAttempt {
  outcome: 'waiting' | 'asked' | 'told' | LoginLimitName = 'waiting';
  private turn: LoginTurn | undefined;
  private readonly started: LoginTurn;

  constructor(
    limit: LoginLimit,
    readonly address: string | undefined,
    readonly name: string | undefined,
    private readonly onAsked: () => void = () => undefined,
  ) {
    this.started = limit.attempt(this);
  }

  run(turn: LoginTurn): void {
    this.turn = turn;
    this.outcome = 'asked';
    this.onAsked();
  }
  refuse(limit: LoginLimitName): void {
    this.outcome = limit;
  }
  succeed(): void {
    this.turn?.succeeded();
    this.outcome = 'told';
  }
  fail(): this {
    this.turn?.failed(() => (this.outcome = 'told'));
    return this;
  }
  leave(): void {
    this.started.abandon();
  }
}

const limitOf = (limits: Partial<Limits>): LoginLimit => new LoginLimit(resolveLimits(limits));
const outcomes = (logins: readonly Login[]): string[] => logins.map(({ outcome }) => outcome);

describe('the limit of failed logins', () => {
  test('decides as many as may fail, slows the answers of the second half, and then refuses undecided', () => {
    jest.useFakeTimers();
    const limit = limitOf({ maxFailedLoginsPerAddress: 4, maxFailedLoginsPerName: Infinity });
    const logins = [1, 2, 3].map((n) => new Login(limit, '192.0.2.1', String(n)).fail());
    expect(outcomes(logins)).toEqual(['told', 'told', 'asked']);
    // The next one waits until that answer has gone out.
    const last = new Login(limit, '192.0.2.1', 'x');
    expect(last.outcome).toBe('waiting');
    jest.advanceTimersByTime(499);
    expect([logins[2].outcome, last.outcome]).toEqual(['asked', 'waiting']);
    jest.advanceTimersByTime(1);
    expect([logins[2].outcome, last.outcome]).toEqual(['told', 'asked']);
    last.fail();
    expect(new Login(limit, '192.0.2.1', 'x').outcome).toBe('maxFailedLoginsPerAddress');
    expect(new Login(limit, '192.0.2.2', 'x').outcome).toBe('asked');
    jest.advanceTimersByTime(1000);
    expect(last.outcome).toBe('told');
    // Four a minute come back, one in 15 s.
    jest.advanceTimersByTime(13_000);
    expect(new Login(limit, '192.0.2.1', 'x').outcome).toBe('maxFailedLoginsPerAddress');
    jest.advanceTimersByTime(1000);
    new Login(limit, '192.0.2.1', 'x').fail();
    expect(new Login(limit, '192.0.2.1', 'x').outcome).toBe('maxFailedLoginsPerAddress');
  });

  test('counts by name, in whatever case, over all addresses', () => {
    const limit = limitOf({ maxFailedLoginsPerName: 2, maxFailedLoginsPerAddress: Infinity });
    new Login(limit, '192.0.2.1', 'ann').fail();
    new Login(limit, '192.0.2.2', ' ANN').fail();
    expect(new Login(limit, '192.0.2.3', 'Ann').outcome).toBe('maxFailedLoginsPerName');
    expect(new Login(limit, undefined, 'ann').outcome).toBe('maxFailedLoginsPerName');
    expect(new Login(limit, '192.0.2.1', 'bob').outcome).toBe('asked');
  });

  test('answers guesses by the name of a user when it answers those by a name that nobody has', () => {
    jest.useFakeTimers();
    const limit = limitOf({ maxFailedLoginsPerName: 8 });
    new Login(limit, '192.0.2.1', 'ann').succeed();
    const timesOf = (address: string, name: string): number[] =>
      Array.from({ length: 8 }, () => {
        const login = new Login(limit, address, name).fail();
        let ms = 0;
        for (; login.outcome === 'asked'; ms += 1) jest.advanceTimersByTime(1);
        return ms;
      });
    const times = timesOf('192.0.2.2', 'ann');
    expect(times.at(-1)).toBeGreaterThan(500);
    expect(timesOf('192.0.2.3', 'nobody')).toEqual(times);
  });

  test('counts no login that succeeds, and does not lock a user out at an address that they have logged in from', () => {
    jest.useFakeTimers();
    const limit = limitOf({ maxFailedLoginsPerName: 2, maxFailedLoginsPerAddress: 3 });
    for (let n = 0; n < 10; n += 1) new Login(limit, '192.0.2.1', 'ann').succeed();
    for (let n = 0; n < 2; n += 1) new Login(limit, '192.0.2.2', 'ann').fail();
    expect(new Login(limit, '192.0.2.2', 'ann').outcome).toBe('maxFailedLoginsPerName');
    for (let n = 0; n < 3; n += 1) {
      new Login(limit, '192.0.2.1', 'ann').fail();
      if (n < 2) jest.advanceTimersByTime(1000);
    }
    // Not even there may somebody guess for ever.
    expect(new Login(limit, '192.0.2.1', 'ann').outcome).toBe('maxFailedLoginsPerAddress');
  });

  test('has no more decided at once than may fail; others wait, and are refused when those have failed', () => {
    jest.useFakeTimers();
    const limit = limitOf({ maxFailedLoginsPerAddress: 2, maxFailedLoginsPerName: Infinity });
    const logins = Array.from({ length: 1000 }, () => new Login(limit, '192.0.2.1', 'ann'));
    expect(outcomes(logins).filter((outcome) => outcome === 'asked')).toHaveLength(2);
    logins[2].leave();
    logins[0].succeed();
    expect(outcomes(logins.slice(1, 5))).toEqual(['asked', 'waiting', 'asked', 'waiting']);
    logins[1].fail();
    logins[3].fail();
    jest.advanceTimersByTime(1000);
    expect(new Set(outcomes(logins.slice(4)))).toEqual(new Set(['maxFailedLoginsPerAddress']));
    expect(logins[2].outcome).toBe('waiting');
  });

  test('gives the turn of a client that has gone to the next, and counts its failure all the same', () => {
    const limit = limitOf({ maxFailedLoginsPerAddress: 1, maxFailedLoginsPerName: Infinity });
    const gone = new Login(limit, '192.0.2.1', 'ann');
    const next = new Login(limit, '192.0.2.1', 'ann');
    expect(next.outcome).toBe('waiting');
    gone.leave();
    expect(next.outcome).toBe('asked');
    gone.fail();
    next.succeed();
    expect(new Login(limit, '192.0.2.1', 'ann').outcome).toBe('maxFailedLoginsPerAddress');
  });

  test('starts thousands that wait without filling the stack', () => {
    const limit = limitOf({ maxFailedLoginsPerAddress: 1, maxFailedLoginsPerName: Infinity });
    const first = new Login(limit, '192.0.2.1', 'ann');
    const others: Login[] = Array.from({ length: 20_000 }, () => {
      const login: Login = new Login(limit, '192.0.2.1', 'ann', () => setTold());
      const setTold = (): void => login.succeed();
      return login;
    });
    first.succeed();
    expect(new Set(outcomes(others))).toEqual(new Set(['told']));
  });

  test('starts one that waits outside of the context of the one before', () => {
    const limit = limitOf({ maxFailedLoginsPerAddress: 1, maxFailedLoginsPerName: Infinity });
    const storage = new AsyncLocalStorage<string>();
    const first = new Login(limit, '192.0.2.1', 'ann');
    const seen: unknown[] = [];
    new Login(limit, '192.0.2.1', 'ann', () => seen.push(storage.getStore()));
    storage.run('of the first', () => first.succeed());
    expect(seen).toEqual([undefined]);
  });

  test('counts the first 48 bits of IPv6 as well, where ten times as many may fail', () => {
    jest.useFakeTimers();
    const limit = limitOf({ maxFailedLoginsPerAddress: 2, maxFailedLoginsPerName: Infinity });
    let failed = 0;
    for (; failed < 100; failed += 1) {
      const login = new Login(limit, `2001:db8:7:${String(failed)}::1`, 'ann');
      if (login.outcome !== 'asked') break;
      login.fail();
      jest.advanceTimersByTime(1000);
      expect(login.outcome).toBe('told');
    }
    // Some have come back meanwhile.
    expect(failed).toBeGreaterThanOrEqual(20);
    expect(failed).toBeLessThan(40);
    expect(new Login(limit, '2001:db8:7:ffff::1', 'ann').outcome).toBe('maxFailedLoginsPerAddress');
    expect(new Login(limit, '2001:db8:8::1', 'ann').outcome).toBe('asked');
    expect(new Login(limit, '::ffff:192.0.2.1', 'ann').outcome).toBe('asked');
  });

  test('remembers a name that was guessed by, whatever other names fail once', () => {
    jest.useFakeTimers();
    const limit = limitOf({ maxFailedLoginsPerAddress: Infinity, maxFailedLoginsPerName: 4 });
    for (let n = 0; n < 4; n += 1) {
      new Login(limit, undefined, 'ann').fail();
      jest.advanceTimersByTime(1000);
    }
    for (let n = 0; n < 80_000; n += 1) new Login(limit, undefined, String(n)).fail();
    expect(new Login(limit, undefined, 'ann').outcome).toBe('maxFailedLoginsPerName');
    expect(new Login(limit, undefined, '0').fail().outcome).toBe('told');
  });

  test('remembers a bounded number of names, none of them long', () => {
    const limit = limitOf({ maxFailedLoginsPerAddress: Infinity, maxFailedLoginsPerName: 2 });
    const long = 'x'.repeat(100_000);
    for (let n = 0; n < 120_000; n += 1)
      new Login(limit, undefined, `${String(n)}${n % 100 ? '' : long}`).fail();
    type Texts = Record<'young' | 'old', Map<string, unknown>>;
    const { used, resting } = (limit as unknown as { names: { used: Map<string, unknown>; resting: Texts } })
      .names;
    expect(used.size).toBe(0);
    const kept = [...resting.young.keys(), ...resting.old.keys()];
    expect(kept.length).toBeLessThanOrEqual(50_000);
    expect(Math.max(...kept.map(({ length }) => length))).toBeLessThanOrEqual(256);
    new Login(limit, undefined, '119999').fail();
    expect(new Login(limit, undefined, '119999').outcome).toBe('maxFailedLoginsPerName');
  });

  test('with Infinity refuses and slows nobody', () => {
    const limit = limitOf({ maxFailedLoginsPerAddress: Infinity, maxFailedLoginsPerName: Infinity });
    const logins = Array.from({ length: 1000 }, () => new Login(limit, '192.0.2.1', 'ann').fail());
    expect(new Set(outcomes(logins))).toEqual(new Set(['told']));
  });

  test.each([
    [['ann', 'secret'], 'ann'],
    [{ username: 'ann', password: 'secret' }, 'ann'],
    [{ login: 'ann' }, 'ann'],
    [['token'], undefined],
    ['token', undefined],
    [[1, 'x'], undefined],
    [null, undefined],
  ])('finds in the credentials %j the name %s', (credentials, name) => {
    expect(nameIn(credentials)).toBe(name);
  });
});

describe('a server', () => {
  interface Guessed {
    readonly arena: Arena;
    readonly asked: string[];
    readonly refused: RefusedHandshake[];
    guess(text: string): Promise<string>;
  }

  async function start(limits: Partial<Limits>): Promise<Guessed> {
    const asked: string[] = [];
    const authPolicy: AuthPolicyFunction = async (_connection, _application, _strategy, credentials) => {
      const [login, password] = credentials as [string, string];
      asked.push(login);
      return password === 'right' && login;
    };
    const arena = await Arena.start(closing, { authPolicy, limits });
    const refused: RefusedHandshake[] = [];
    arena.server.on('handshakeRefused', (_connection, refusal) => refused.push(refusal));
    const guess = async (text: string): Promise<string> => {
      const peer = await arena.stranger();
      peer.send(text);
      await waitFor(() => peer.messages.length > 0 || peer.ended, 'an answer');
      peer.destroy();
      return peer.messages[0] ?? '';
    };
    return { arena, asked, refused, guess };
  }

  const login = (name: string, password: string, offer = ''): string =>
    `{handshake:[0,'app'${offer}],login:['${name}','${password}']}`;

  test.each([
    ['maxFailedLoginsPerAddress', 'bob'],
    ['maxFailedLoginsPerName', 'ann'],
  ] as const)(
    'asks the policy for as many failed logins as limits.%s says, and refuses one more, a right one too',
    async (limit, name) => {
      const { arena, asked, refused, guess } = await start({ [limit]: 2 });
      for (const password of ['one', 'two'])
        expect(await guess(login('ann', password))).toBe('{handshake:[0],error:[11]}');
      expect(asked).toHaveLength(2);
      expect(await guess(login(name, 'right'))).toBe('{handshake:[0],error:[11]}');
      expect(await guess(login(name, 'right', ",'',{resume:1}"))).toBe(
        "{handshake:[0],error:[11,'Authentication failed','ERR_LOGIN_LIMIT']}",
      );
      expect(asked).toHaveLength(2);
      expect(refused.slice(2)).toMatchObject(
        [1, 2].map(() => ({
          kind: 'limit',
          code: 11,
          strategy: 'login',
          reason: `too many logins have failed (limits.${limit})`,
        })),
      );
      // Anonymous clients, and resumes, are no guesses of a password.
      await arena.expectServing();
    },
  );

  test('asks its policy about so many of many guesses at once as may fail, and others log in meanwhile', async () => {
    const { asked, guess } = await start({ maxFailedLoginsPerName: 5, maxFailedLoginsPerAddress: Infinity });
    const guesses = Array.from({ length: 200 }, (_, index) => guess(login('ann', String(index))));
    expect(await guess(login('bob', 'right'))).toMatch(/ok/);
    expect(new Set(await Promise.all(guesses))).toEqual(new Set(['{handshake:[0],error:[11]}']));
    expect(asked.filter((name) => name === 'ann')).toHaveLength(5);
  });

  test('goes on after clients that left while their logins were decided', async () => {
    const { arena, guess } = await start({ maxFailedLoginsPerAddress: 2, maxFailedLoginsPerName: Infinity });
    for (let n = 0; n < 20; n += 1) {
      const peer = await arena.stranger();
      peer.send(login('ann', 'right'));
      peer.destroy();
    }
    expect(await guess(login('ann', 'right'))).toMatch(/ok/);
  });
});
