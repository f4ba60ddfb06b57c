import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../lib/protocol/configuration-error.js';
import { DEFAULT_LIMITS, resolveLimits, type Limits } from '../../lib/protocol/limits.js';

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

  it.each(Object.keys(DEFAULT_LIMITS) as (keyof Limits)[])('checks %s', (name) => {
    for (const value of [-1, 1.5, NaN, Infinity, 2 ** 53, '5', null, {}, 5n]) {
      const attempt = (): Limits => resolveLimits({ [name]: value });
      expect(attempt).toThrow(ConfigurationError);
      expect(attempt).toThrow(`limits.${name} must be an integer from `);
    }
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
