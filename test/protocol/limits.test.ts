import { getHeapStatistics } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../lib/protocol/configuration-error.js';
import {
  bytesInFlightTotal,
  checkInterval,
  DEFAULT_LIMITS,
  journalBytesTotal,
  resolveLimits,
  receiveBufferBytesTotal,
  sendBufferBytesTotal,
  type Limits,
} from '../../lib/protocol/limits.js';

describe('resolveLimits', () => {
  it('gives the defaults where nothing is said', () => {
    expect(resolveLimits()).toStrictEqual(DEFAULT_LIMITS);
    expect(resolveLimits({ maxDepth: undefined })).toStrictEqual(DEFAULT_LIMITS);
    expect(resolveLimits(DEFAULT_LIMITS)).toStrictEqual(DEFAULT_LIMITS);
  });

  it('takes what is said, frozen', () => {
    const limits = resolveLimits({ maxMessageBytes: 1000, connectTimeoutMs: 0 });
    expect(limits).toStrictEqual({ ...DEFAULT_LIMITS, maxMessageBytes: 1000, connectTimeoutMs: 0 });
    expect(Object.isFrozen(limits)).toBe(true);
  });

  it('gives the same object for the same limits, and reads what has changed', () => {
    const given: { -readonly [Name in keyof Limits]?: number | undefined } = {
      maxDepth: 10,
      maxStreams: undefined,
    };
    const limits = resolveLimits(given);
    expect(resolveLimits(given)).toBe(limits);
    expect(resolveLimits({ maxDepth: 10 })).toBe(limits);
    expect(resolveLimits(limits)).toBe(limits);
    given.maxDepth = 11;
    expect(resolveLimits(given).maxDepth).toBe(11);
    expect(limits.maxDepth).toBe(10);
    delete given.maxDepth;
    expect(resolveLimits(given)).toStrictEqual(DEFAULT_LIMITS);
    expect(() => resolveLimits(Object.assign(given, { maxDeep: 1 }))).toThrow('Unknown name "maxDeep"');
    expect(() => resolveLimits(false as never)).toThrow(ConfigurationError);
  });

  it.each(Object.keys(DEFAULT_LIMITS) as (keyof Limits)[])('checks %s', (name) => {
    for (const value of [-1, 1.5, NaN, -Infinity, 2 ** 53, '5', null, {}, 5n]) {
      const attempt = (): Limits => resolveLimits({ [name]: value });
      expect(attempt).toThrow(ConfigurationError);
      expect(attempt).toThrow(`limits.${name} must be an integer from `);
    }
  });

  const MAX_TIMER = 2 ** 31 - 1;
  const BOUNDS: readonly [name: keyof Limits, least: number, most: number][] = [
    ['maxMessageBytes', 1, 2 ** 29 - 24],
    ['maxDepth', 2, 1000],
    ['maxVersionRangeLength', 1, 10_000],
    ['handshakeTimeoutMs', 1, MAX_TIMER],
    ['connectTimeoutMs', 0, MAX_TIMER],
    ['messageTimeoutMs', 0, MAX_TIMER],
    ['minReadRate', 0, Number.MAX_SAFE_INTEGER],
    ['minWriteRate', 0, Number.MAX_SAFE_INTEGER],
    ['idleTimeoutMs', 0, MAX_TIMER],
    ['maxConnectionAgeMs', 0, 1_900_000_000],
    ['maxCallsInFlight', 1, Number.MAX_SAFE_INTEGER],
    ['maxCallDurationMs', 0, MAX_TIMER],
    ['sendStallTimeoutMs', 0, MAX_TIMER],
    ['streamCredit', 1, Number.MAX_SAFE_INTEGER],
    ['drainTimeoutMs', 0, MAX_TIMER],
    ['closeTimeoutMs', 1, MAX_TIMER],
    ['heartbeatTimeoutMs', 0, MAX_TIMER],
  ];

  it.each(BOUNDS)('lets %s be from %d to %d', (name, least, most) => {
    for (const value of [least, most]) expect(resolveLimits({ [name]: value })[name]).toBe(value);
    for (const value of [least - 1, most + 1])
      expect(() => resolveLimits({ [name]: value })).toThrow(`limits.${name} must be an integer from`);
  });

  const UNBOUNDED: readonly [name: keyof Limits, least: number][] = [
    ['maxMessageNodes', 1],
    ['maxConnections', 1],
    ['maxConnectionsPerAddress', 1],
    ['maxPendingHandshakes', 1],
    ['maxHandshakesPerSecond', 1],
    ['maxFailedLoginsPerAddress', 1],
    ['maxFailedLoginsPerName', 1],
    ['maxStreams', 1],
    ['journalMaxBytesAway', 1],
    ['maxJournalBytesTotal', 0],
    ['maxJournalBytesPerUser', 0],
    ['maxJournalBytesPerAddress', 0],
    ['maxSessionTextLength', 1],
    ['maxSessions', 1],
    ['maxSessionsPerUser', 1],
    ['maxSessionsPerAddress', 1],
    ['maxRooms', 1],
    ['maxRoomsPerSession', 1],
    ['maxRoomNameLength', 1],
    ['maxCancelBurst', 1],
    ['maxPingBurst', 1],
    ['sendHighWaterMark', 1],
    ['maxSendBufferBytes', 1],
    ['maxSendBufferBytesTotal', 0],
    ['maxReceiveBufferBytesTotal', 0],
    ['maxBytesInFlight', 1],
    ['maxBytesInFlightTotal', 0],
    ['maxCallsInFlightTotal', 1],
    ['maxMemoryBytes', 0],
    ['maxHandshakeBytes', 1],
    ['maxHandshakeDepth', 2],
    ['maxNameLength', 1],
    ['maxMetadataBytes', 1],
  ];

  it.each(UNBOUNDED)('lets %s be Infinity, or an integer from %d up', (name, least) => {
    for (const value of [least, Number.MAX_SAFE_INTEGER, Infinity])
      expect(resolveLimits({ [name]: value })[name]).toBe(value);
    expect(() => resolveLimits({ [name]: least - 1 })).toThrow(
      `limits.${name} must be an integer from ${String(least)} to ${String(Number.MAX_SAFE_INTEGER)}, or Infinity, but`,
    );
  });

  it('lets no other limit be Infinity', () => {
    const unbounded = new Set<string>(UNBOUNDED.map(([name]) => name));
    const others = Object.keys(DEFAULT_LIMITS).filter((name) => !unbounded.has(name));
    for (const name of others) expect(() => resolveLimits({ [name]: Infinity })).toThrow(ConfigurationError);
  });

  it('has the limits that are documented', () => {
    expect(DEFAULT_LIMITS).toMatchObject({
      maxMessageBytes: 8_388_608,
      maxDepth: 256,
      maxMessageNodes: 1_000_000,
      handshakeTimeoutMs: 3000,
      connectTimeoutMs: 10_000,
      maxCallsInFlight: 10_000,
      journalMaxBytes: 67_108_864,
      maxSendBufferBytes: 16_777_216,
      maxStreamBufferBytes: 16_777_216,
      heartbeatTimeoutMs: 0,
    });
  });

  it('tells the option, what was given and what is allowed', () => {
    expect(() => resolveLimits({ maxDepth: 5000 })).toThrow(
      'limits.maxDepth must be an integer from 2 to 1000, but 5000 was given',
    );
    expect(() => resolveLimits({ handshakeTimeoutMs: 0 })).toThrow(
      'limits.handshakeTimeoutMs must be an integer from 1 to ',
    );
  });

  it('refuses an unknown name', () => {
    const given: Record<string, number> = { maxMesageBytes: 5 };
    expect(() => resolveLimits(given)).toThrow(
      /Unknown name "maxMesageBytes" in .*: did you mean "maxMessageBytes"\?/,
    );
    expect(() => resolveLimits({ ['__proto__']: 5 } as Partial<Limits>)).toThrow(ConfigurationError);
  });
});

describe('journalBytesTotal', () => {
  it('is what is said, or a part of the heap', () => {
    expect(journalBytesTotal(resolveLimits({ maxJournalBytesTotal: 1 }))).toBe(1);
    expect(journalBytesTotal(DEFAULT_LIMITS)).toBe(Math.floor(getHeapStatistics().heap_size_limit / 5));
  });
});

describe('bytesInFlightTotal', () => {
  it('is what is said, or a part of the heap', () => {
    expect(bytesInFlightTotal(resolveLimits({ maxBytesInFlightTotal: 1 }))).toBe(1);
    expect(bytesInFlightTotal(DEFAULT_LIMITS)).toBe(Math.floor(getHeapStatistics().heap_size_limit / 8));
  });
});

describe('receiveBufferBytesTotal', () => {
  it('is what is given, or an eighth of the largest heap', () => {
    expect(receiveBufferBytesTotal(resolveLimits({ maxReceiveBufferBytesTotal: 1 }))).toBe(1);
    expect(receiveBufferBytesTotal(DEFAULT_LIMITS)).toBe(Math.floor(getHeapStatistics().heap_size_limit / 8));
  });
});

describe('sendBufferBytesTotal', () => {
  it('is what is said, or a part of the heap', () => {
    expect(sendBufferBytesTotal(resolveLimits({ maxSendBufferBytesTotal: 1 }))).toBe(1);
    expect(sendBufferBytesTotal(DEFAULT_LIMITS)).toBe(Math.floor(getHeapStatistics().heap_size_limit / 8));
  });
});

describe('checkInterval', () => {
  it.each([0.5, 1, 2 ** 31 - 1])('takes %d', (value) => {
    expect(() => checkInterval('every', value)).not.toThrow();
  });

  it.each([0, -1, NaN, 2 ** 31, '5', null, undefined])('refuses %p', (value) => {
    expect(() => checkInterval('every', value)).toThrow('every must be a number of milliseconds above 0');
  });
});

describe('a ConfigurationError', () => {
  class Guard {}

  it.each<[given: unknown, shown: string]>([
    ['text\n', '"text\\\\n"'],
    ['redis://user:secret@host', '"redis://***@host"'],
    [[], 'an empty array'],
    [[1], 'an array'],
    [Guard, 'the class Guard'],
    [5n, '5n'],
    [1.5, '1.5'],
    [false, 'false'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, 'a value of type object'],
    [() => 1, 'a value of type function'],
  ])('of %p says %s', (given, shown) => {
    expect(new ConfigurationError('option', given, 'other').message).toBe(
      `option must be other, but ${shown} was given`,
    );
  });

  it('says nothing of a secret but its type, or that there is none', () => {
    const textOf = (given: unknown): string => new ConfigurationError('password', given, 'a text').message;
    expect(textOf('secret')).toBe('password must be a text, but a value of type string was given');
    expect([textOf(null), textOf(undefined)]).toEqual([
      'password must be a text, but null was given',
      'password must be a text, but undefined was given',
    ]);
  });
});
