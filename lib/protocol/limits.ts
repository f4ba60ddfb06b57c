import { heapLimitBytes } from '../util/host.js';
import { check, checkNames, isInteger, MAX_TIMER_MS } from './option-checks.js';

/**
 * All bounds of a peer in one place. Each is an integer; times are milliseconds, sizes bytes.
 */
export interface Limits {
  /** Largest message that is received; over it the connection is destroyed. @default 8388608 (8 MiB) */
  readonly maxMessageBytes: number;
  /** How deep arrays and objects of a received message may be nested; what is sent may be 256 deep. @default 256 */
  readonly maxDepth: number;
  /** Longest version or range that is evaluated, in characters; a longer one matches nothing. @default 256 */
  readonly maxVersionRangeLength: number;
  /** A connection without a handshake is ended after this time. @default 3000 */
  readonly handshakeTimeoutMs: number;
  /**
   * A peer that has not accepted the link after this time is given up; then `handshakeTimeoutMs` counts, TLS and upgrade
   * included (in a browser: after the upgrade); 0: never. @default 10000
   */
  readonly connectTimeoutMs: number;
  /** Calls of the peer under way at once on a connection; at it, reading pauses. @default 10000 */
  readonly maxCallsInFlight: number;
  /** Own calls that wait for their callback at once on a connection. @default 100000 */
  readonly maxPendingCalls: number;
  /** Unacknowledged messages of a session. @default 100000 */
  readonly journalMaxEntries: number;
  /** Bytes of the unacknowledged messages of a session; answers of calls under way may make it twice as many. @default 67108864 (64 MiB) */
  readonly journalMaxBytes: number;
  /**
   * Bytes of the unacknowledged messages of all sessions of a server; over it the sessions of the clients that are away
   * the longest end. 0: a fifth of what the heap may grow to. @default 0
   */
  readonly maxJournalBytesTotal: number;
  /** Bytes that wait for a slow peer; over it the connection is destroyed. @default 268435456 (256 MiB) */
  readonly maxSendBufferBytes: number;
  /** A peer that reads nothing for so long while bytes wait is given up; 0: never. @default 30000 */
  readonly sendStallTimeoutMs: number;
  /** Values of one stream that wait to be sent. @default 10000 */
  readonly maxStreamBufferItems: number;
  /** Bytes of the values of one stream that wait to be sent. @default 16777216 (16 MiB) */
  readonly maxStreamBufferBytes: number;
  /** How many values of a stream the receiver lets the sender be ahead. @default 64 */
  readonly streamCredit: number;
  /** How long a server that hands a session over waits for the calls that it serves. @default 10000 */
  readonly drainTimeoutMs: number;
  /** How long the end of a server waits for a session store, after its calls have had their time. @default 5000 */
  readonly closeTimeoutMs: number;
  /** Sessions that a server keeps. @default 100000 */
  readonly maxSessions: number;
  /** A peer that answers no ping for so long is given up; 0: two heartbeat intervals. @default 0 */
  readonly heartbeatTimeoutMs: number;
}

/** The limits where nothing else is said. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxMessageBytes: 8 * 1024 * 1024,
  maxDepth: 256,
  maxVersionRangeLength: 256,
  handshakeTimeoutMs: 3000,
  connectTimeoutMs: 10_000,
  maxCallsInFlight: 10_000,
  maxPendingCalls: 100_000,
  journalMaxEntries: 100_000,
  journalMaxBytes: 64 * 1024 * 1024,
  maxJournalBytesTotal: 0,
  maxSendBufferBytes: 256 * 1024 * 1024,
  sendStallTimeoutMs: 30_000,
  maxStreamBufferItems: 10_000,
  maxStreamBufferBytes: 16 * 1024 * 1024,
  streamCredit: 64,
  drainTimeoutMs: 10_000,
  closeTimeoutMs: 5000,
  maxSessions: 100_000,
  heartbeatTimeoutMs: 0,
});

/** How long a peer may take to close its side of a transport after this side has ended it, in milliseconds. */
export const END_TIMEOUT_MS = 2000;
/** Longest name of a user, in characters. */
export const MAX_USERNAME_LENGTH = 256;
/** How many refused handshakes of a kind are logged in {@link REFUSAL_WINDOW_MS}; the others are counted. */
export const MAX_REFUSALS_LOGGED = 10;
/** For how long refused handshakes are counted together. */
export const REFUSAL_WINDOW_MS = 10_000;
/** Longest name of a peer in the reason of a refusal, in characters. */
export const MAX_NAME_SHOWN = 100;

// V8's longest string: a longer message could not become text.
const MAX_MESSAGE_BYTES = 2 ** 29 - 24;
// Every level is two frames of the parser's stack.
const MAX_DEPTH = 1000;

// A text beyond Latin takes two bytes for each that is counted: so they are less than half of the heap in any case.
const JOURNALS_PART_OF_HEAP = 5;
const ASSUMED_HEAP_BYTES = 2 ** 31;

type Range = readonly [from: number, to: number];
const COUNT: Range = [1, Number.MAX_SAFE_INTEGER];

const RANGES: Readonly<Record<keyof Limits, Range>> = {
  maxMessageBytes: [1, MAX_MESSAGE_BYTES],
  maxDepth: [2, MAX_DEPTH],
  maxVersionRangeLength: [1, 10_000],
  handshakeTimeoutMs: [1, MAX_TIMER_MS],
  connectTimeoutMs: [0, MAX_TIMER_MS],
  maxCallsInFlight: COUNT,
  maxPendingCalls: COUNT,
  journalMaxEntries: COUNT,
  journalMaxBytes: COUNT,
  maxJournalBytesTotal: [0, Number.MAX_SAFE_INTEGER],
  maxSendBufferBytes: COUNT,
  sendStallTimeoutMs: [0, MAX_TIMER_MS],
  maxStreamBufferItems: COUNT,
  maxStreamBufferBytes: COUNT,
  streamCredit: COUNT,
  drainTimeoutMs: [0, MAX_TIMER_MS],
  closeTimeoutMs: [1, MAX_TIMER_MS],
  maxSessions: COUNT,
  heartbeatTimeoutMs: [0, MAX_TIMER_MS],
};

const LIMIT_NAMES = Object.keys(RANGES) as (keyof Limits)[];

/**
 * The limits that hold: those given, the defaults for the rest (an undefined one counts as not given).
 * @param given - what the user set
 * @throws {ConfigurationError} for an unknown name or a value that is not allowed
 */
export function resolveLimits(given?: Partial<Limits> | null): Limits {
  const options: Partial<Limits> = given ?? {};
  checkNames('limits', options, LIMIT_NAMES);
  const resolved: { -readonly [Name in keyof Limits]: number } = { ...DEFAULT_LIMITS };
  for (const name of LIMIT_NAMES) {
    const value = options[name];
    if (value === undefined) continue;
    const [from, to] = RANGES[name];
    check(`limits.${name}`, value, `an integer from ${from} to ${to}`, isInteger(from, to));
    resolved[name] = value;
  }
  return Object.freeze(resolved);
}

/** The bytes that `maxJournalBytesTotal` stands for. */
export function journalBytesTotal({ maxJournalBytesTotal }: Limits): number {
  if (maxJournalBytesTotal > 0) return maxJournalBytesTotal;
  return Math.floor((heapLimitBytes() ?? ASSUMED_HEAP_BYTES) / JOURNALS_PART_OF_HEAP);
}

/**
 * Checks a time that recurs.
 * @throws {ConfigurationError} for anything but a number of milliseconds that a timer can wait
 */
export function checkInterval(option: string, value: unknown): void {
  check(
    option,
    value,
    `a number of milliseconds above 0, ${MAX_TIMER_MS} at most`,
    (time) => typeof time === 'number' && time > 0 && time <= MAX_TIMER_MS,
  );
}
