import {
  ERR_CALLBACK_LOST,
  ERR_NO_HANDSHAKE_RESPONSE,
  ERR_NOT_CONNECTED,
  ERR_SERVER_CLOSING,
  ERR_SESSION_LOST,
} from '../../protocol/error-codes.js';
import { check, checkNames, isInteger, isObject, MAX_TIMER_MS } from '../../protocol/option-checks.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { isError } from '../../util/errors.js';
import { randomUpTo } from '../../util/random.js';
import { isNetworkError } from '../../connection/keeper/connection-trouble.js';

/** How a client repeats calls of methods that are declared idempotent. */
export interface RetryOptions {
  /** How often a call is made at most, the first time included. @default 3 */
  readonly maxAttempts?: number;
  /**
   * The longest time before the second attempt, in milliseconds; each further one may wait twice as long. Of that, up to
   * a half is taken off at random. @default 50
   */
  readonly minDelayMs?: number;
  /** The longest time between two attempts, in milliseconds. @default 1000 */
  readonly maxDelayMs?: number;
  /**
   * How many retries may be made in a row: each failure takes a token, and while half of them or fewer are left,
   * nothing is repeated. @default 10
   */
  readonly budgetTokens?: number;
  /** What a call that succeeds gives back, in tokens: 0.1 lets one call in ten be a retry. @default 0.1 */
  readonly budgetRatio?: number;
  /** Codes of errors after which a call may be repeated, besides those of the connection. @default none */
  readonly codes?: readonly number[];
}

/** The options with their defaults. */
export type ResolvedRetry = Required<RetryOptions>;

const DEFAULTS: ResolvedRetry = {
  maxAttempts: 3,
  minDelayMs: 50,
  maxDelayMs: 1000,
  budgetTokens: 10,
  budgetRatio: 0.1,
  codes: [],
};
const MAX_ATTEMPTS = 100;
const MAX_TOKENS = 1_000_000;

/** The codes that say: the call may not have run, or its answer is lost. */
const CODES: readonly number[] = [
  ERR_CALLBACK_LOST,
  ERR_NO_HANDSHAKE_RESPONSE,
  ERR_SESSION_LOST,
  ERR_NOT_CONNECTED,
  ERR_SERVER_CLOSING,
];

/**
 * The option `retry` with its defaults; undefined: nothing is repeated.
 * @throws ConfigurationError for an unknown name or a value that is not allowed
 */
export function resolveRetry(given: boolean | RetryOptions = false): ResolvedRetry | undefined {
  if (given === false) return undefined;
  if (given === true) return DEFAULTS;
  check('retry', given, 'a boolean, or an object', isObject);
  checkNames('retry', given, Object.keys(DEFAULTS));
  const named = { ...DEFAULTS, ...withoutUndefined(given) };
  const resolved = { ...named, maxDelayMs: given.maxDelayMs ?? Math.max(named.minDelayMs, named.maxDelayMs) };
  const { minDelayMs } = resolved;
  checkCount('maxAttempts', resolved.maxAttempts, 1, MAX_ATTEMPTS);
  checkCount('minDelayMs', minDelayMs, 1, MAX_TIMER_MS);
  checkCount('maxDelayMs', resolved.maxDelayMs, minDelayMs, MAX_TIMER_MS);
  checkCount('budgetTokens', resolved.budgetTokens, 1, MAX_TOKENS);
  check('retry.budgetRatio', resolved.budgetRatio, 'a number above 0, up to 1', isRatio);
  check('retry.codes', resolved.codes, 'an array of integers', isCodes);
  return resolved;
}

function checkCount(name: keyof RetryOptions, value: unknown, from: number, to: number): void {
  check(`retry.${name}`, value, `an integer from ${from} to ${to}`, isInteger(from, to));
}

function isRatio(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= 1;
}

function isCodes(value: unknown): boolean {
  return Array.isArray(value) && value.every((code) => Number.isSafeInteger(code));
}

function withoutUndefined(options: RetryOptions): RetryOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/**
 * Decides about retries for all calls of a client. Its budget is that of gRPC's throttling: where a server fails most
 * calls, retries would only add to what it cannot serve.
 */
export class Retries {
  private tokens: number;
  private readonly codes: ReadonlySet<unknown>;

  constructor(private readonly options: ResolvedRetry) {
    this.tokens = options.budgetTokens;
    this.codes = new Set([...CODES, ...options.codes]);
  }

  /** A call has succeeded. */
  succeeded(): void {
    this.tokens = Math.min(this.options.budgetTokens, this.tokens + this.options.budgetRatio);
  }

  /**
   * A call has failed.
   * @param attempts how often it was made
   * @returns how many milliseconds to wait before it is made again; undefined: it is not
   */
  delayAfter(error: unknown, attempts: number): number | undefined {
    if (!this.isRepeatable(error)) return undefined;
    this.tokens = Math.max(0, this.tokens - 1);
    const { maxAttempts, budgetTokens, minDelayMs, maxDelayMs } = this.options;
    if (attempts >= maxAttempts || this.tokens <= budgetTokens / 2) return undefined;
    const most = Math.min(maxDelayMs, minDelayMs * 2 ** (attempts - 1));
    return most - randomUpTo(Math.floor(most / 2));
  }

  private isRepeatable(error: unknown): boolean {
    // A value that is no Error is what the handler has thrown, as Nest's filters made it.
    if (!isError(error)) return this.codes.has((error as { code?: unknown } | null)?.code);
    return error instanceof RemoteError ? this.codes.has(error.code) : isNetworkError(error);
  }
}
