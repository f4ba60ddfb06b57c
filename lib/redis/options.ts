import {
  check,
  checkNames,
  isBoolean,
  isInteger,
  isString,
  MAX_TIMER_MS,
} from '../protocol/option-checks.js';

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;
const MIN_LEASE_MS = 100;
const MIN_SESSION_BYTES = 1024;

/** The options of a RedisSessionStorageProvider. */
export interface RedisSessionStorageOptions {
  /**
   * The beginning of all keys and channels. Servers that share sessions have the same. The braces keep the keys
   * together in a Redis Cluster. @default '{jstp}:'
   */
  keyPrefix?: string;
  /**
   * How long the lease of a server lasts, in milliseconds, 100 at least. A server renews its lease three times in
   * that time; when the lease of a dead server has run out, others may claim its sessions. @default 10000
   */
  leaseMs?: number;
  /**
   * Whether a server saves each step of a session before it acts on it. A crash then loses no session, and each
   * message costs a write to Redis. @default false
   */
  writeThrough?: boolean;
  /** How long a session without an owner is kept, in milliseconds, `leaseMs` at least. @default 86400000 (24 hours) */
  sessionLifetimeMs?: number;
  /**
   * How long a claim waits for the owner to hand over, or for the end of a dead owner's lease, in milliseconds; 0:
   * not at all. Keep it below the time that clients wait for the answer to a handshake (`limits.handshakeTimeoutMs`).
   * @default 2000
   */
  claimTimeoutMs?: number;
  /** How long a command to Redis may take, in milliseconds. @default 2000 */
  commandTimeoutMs?: number;
  /**
   * How many bytes a session may have in Redis: its journal and the application's state. One that becomes larger ends
   * (`ERR_JSTP_SESSION_SIZE`), and its client hears that it is lost. May be `Infinity`. @default 67108864 (64 MiB)
   */
  maxSessionBytes?: number;
}

/** The options of a RedisBroadcaster. */
export interface RedisBroadcasterOptions {
  /** The beginning of the channel's name. Servers that share events have the same. @default '{jstp}:' */
  keyPrefix?: string;
  /** How long a command to Redis may take, in milliseconds. @default 2000 */
  commandTimeoutMs?: number;
  /**
   * How long `who` waits for the answers of all servers, in milliseconds. @default 1000
   */
  answerTimeoutMs?: number;
  /**
   * Gets the errors that no caller gets: a message that cannot be read, an event that cannot be delivered, and each
   * outage of Redis once. @default a warning of the process
   */
  onError?: (error: unknown) => void;
}

const STORAGE_DEFAULTS: Required<RedisSessionStorageOptions> = {
  keyPrefix: '{jstp}:',
  leaseMs: 10 * SECOND_MS,
  writeThrough: false,
  sessionLifetimeMs: DAY_MS,
  claimTimeoutMs: 2 * SECOND_MS,
  commandTimeoutMs: 2 * SECOND_MS,
  maxSessionBytes: 64 * 1024 * 1024,
};

const BROADCASTER_DEFAULTS: Required<RedisBroadcasterOptions> = {
  keyPrefix: STORAGE_DEFAULTS.keyPrefix,
  commandTimeoutMs: STORAGE_DEFAULTS.commandTimeoutMs,
  answerTimeoutMs: SECOND_MS,
  onError: (error) => {
    // The broadcaster reports errors of its own alone.
    process.emitWarning(error as Error);
  },
};

/**
 * Checks the options and fills in the defaults.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function resolveStorageOptions(
  given: RedisSessionStorageOptions | undefined,
): Required<RedisSessionStorageOptions> {
  const options = withDefaults(STORAGE_DEFAULTS, given);
  check('keyPrefix', options.keyPrefix, 'a string', isString);
  checkMs('leaseMs', options.leaseMs, MIN_LEASE_MS);
  check('writeThrough', options.writeThrough, 'true or false', isBoolean);
  // At least a lease. Why: lifetimes start anew only when the lease is renewed.
  checkMs('sessionLifetimeMs', options.sessionLifetimeMs, options.leaseMs, Number.MAX_SAFE_INTEGER);
  checkMs('claimTimeoutMs', options.claimTimeoutMs, 0);
  checkMs('commandTimeoutMs', options.commandTimeoutMs, 1);
  check(
    'maxSessionBytes',
    options.maxSessionBytes,
    `a whole number of bytes from ${MIN_SESSION_BYTES}, or Infinity`,
    (value) => value === Infinity || isInteger(MIN_SESSION_BYTES, Number.MAX_SAFE_INTEGER)(value),
  );
  return options;
}

/** As {@link resolveStorageOptions}. */
export function resolveBroadcasterOptions(
  given: RedisBroadcasterOptions | undefined,
): Required<RedisBroadcasterOptions> {
  const options = withDefaults(BROADCASTER_DEFAULTS, given);
  check('keyPrefix', options.keyPrefix, 'a string', isString);
  checkMs('commandTimeoutMs', options.commandTimeoutMs, 1);
  checkMs('answerTimeoutMs', options.answerTimeoutMs, 1);
  check('onError', options.onError, 'a function', (value) => typeof value === 'function');
  return options;
}

function withDefaults<T extends object>(defaults: T, given: unknown): T {
  if (given === undefined) return defaults;
  checkNames('options', given, Object.keys(defaults));
  const set = Object.entries(given as object).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) };
}

function checkMs(option: string, value: unknown, from: number, to = MAX_TIMER_MS): void {
  check(option, value, `a whole number of milliseconds from ${from} to ${to}`, isInteger(from, to));
}
