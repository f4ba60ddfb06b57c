import { heapLimitBytes } from '../util/host.js';
import { ConfigurationError } from './configuration-error.js';
import {
  check,
  checkNames,
  isInteger,
  isObject,
  MAX_TIMER_MS,
  nullable,
  type PassedNames,
} from './option-checks.js';

/**
 * The limits of one side. Each is an integer; where that is said, `Infinity` is allowed, too. Times are in milliseconds,
 * sizes in bytes.
 */
export interface Limits {
  /**
   * The largest message, sent or received. Sending a larger one fails with ERR_JSTP_MESSAGE_TOO_LARGE. Receiving a larger
   * one destroys the transport. @default 8388608 (8 MiB)
   */
  readonly maxMessageBytes: number;
  /**
   * How deep arrays and objects of a message, sent or received, may be nested. Sending a value that is nested deeper fails
   * with ERR_MDSF_DEPTH; receiving one destroys the transport. @default 256
   */
  readonly maxDepth: number;
  /**
   * The largest message until the handshake is done, sent or received. Receiving a larger one destroys the transport; a
   * client's handshake that is larger is not sent (ERR_JSTP_MESSAGE_TOO_LARGE). `Infinity`: as large as any message.
   * @default 16384 (16 KiB)
   */
  readonly maxHandshakeBytes: number;
  /**
   * How deep arrays and objects of a received handshake may be nested: credentials begin at the second level. A deeper
   * one destroys the transport. `Infinity`: as deep as any message. @default 8
   */
  readonly maxHandshakeDepth: number;
  /**
   * How many values a received message may have: each object, array, member, element and hole counts, and so does the
   * message itself; bytes count as four. One with more destroys the transport. `Infinity`: as many as fit in. @default 1000000
   */
  readonly maxMessageNodes: number;
  /** The longest version or range that is evaluated, in characters. A longer one matches nothing. @default 256 */
  readonly maxVersionRangeLength: number;
  /**
   * The longest name of an interface, method or event that is received, and of a handshake's strategy, in characters. A
   * longer one names nothing: of a call it is the error 12 or 14, of a handshake 11, and an event is ignored. `Infinity`:
   * any length. @default 256
   */
  readonly maxNameLength: number;
  /**
   * How many bytes the header of a call, event or answer that has metadata may have: its number, the interface's name and
   * the metadata. What is sent with more fails with ERR_JSTP_METADATA_TOO_LARGE. Of what is received, a call with more fails
   * with the error 17, an event is ignored, and an answer comes without its metadata. `Infinity`: any number.
   * @default 8192 (8 KiB)
   */
  readonly maxMetadataBytes: number;
  /** How long the handshake of a new connection may take, with TLS and upgrade; then it is closed. @default 3000 */
  readonly handshakeTimeoutMs: number;
  /**
   * How long a server may take to accept a client's connection (in a browser: to open the WebSocket). Then
   * `handshakeTimeoutMs` begins. 0: no limit. @default 10000
   */
  readonly connectTimeoutMs: number;
  /**
   * How long one message of the peer may take to arrive, counted from its first bytes while this side reads. Then the
   * transport is destroyed. Not in a browser, where no part of a message is seen. 0: no limit. @default 3600000 (an hour)
   */
  readonly messageTimeoutMs: number;
  /**
   * How many bytes a second a message must arrive with that is not complete yet: one with fewer has 30 seconds, which
   * bytes above the rate fill up again. Then the transport is destroyed. Not in a browser. 0: no limit. @default 100
   */
  readonly minReadRate: number;
  /**
   * How long a server keeps the connection of a client on which nothing comes or goes but pings. Then it ends the
   * connection; the session stays, and the client may resume it. 0: any time. @default 0
   */
  readonly idleTimeoutMs: number;
  /**
   * How old a connection may become at a server, up to a tenth of it more. Then the client is sent away, and comes back with
   * its session, perhaps to another server. Calls go on where `resume` is agreed; else they get `drainTimeoutMs` first. 0:
   * any age. @default 0
   */
  readonly maxConnectionAgeMs: number;
  /**
   * How many calls and events of the peer may be under way at once on a connection: until their handlers have ended, also
   * where the call was cancelled. At the limit, reading pauses. @default 10000
   */
  readonly maxCallsInFlight: number;
  /**
   * How many calls that are being served a peer may cancel at once on a connection; a thirtieth of them comes back each
   * second. Why: each begins a handler whose work is thrown away. More destroy the transport. May be `Infinity`.
   * @default 10000
   */
  readonly maxCancelBurst: number;
  /**
   * How many pings, heartbeats (`{}`) and control frames of a WebSocket a peer may send at once; a thirtieth of them comes
   * back each second. One with another message before it is not counted: so peers ask how far they have read. More
   * destroy the transport. May be `Infinity`. @default 1000
   */
  readonly maxPingBurst: number;
  /**
   * How many calls and events of all connections of a server may be under way at once, also of those that have ended. At
   * the limit, reading pauses on connections with 16 of them and more. Where half of it is of connections that have ended,
   * reading pauses for addresses that have a fiftieth of it (16 at least) so; where all of it is, a fiftieth counted for
   * an address at most, for everybody. May be `Infinity`. @default 100000
   */
  readonly maxCallsInFlightTotal: number;
  /**
   * How many bytes the calls and events of the peer whose handlers have not ended may have on a connection. One counts as
   * its size on the wire and 2 KiB, or as 64 bytes for each value (as `maxMessageNodes` counts) if that is more.
   * At the limit, reading pauses. May be `Infinity`. @default 67108864 (64 MiB)
   */
  readonly maxBytesInFlight: number;
  /**
   * How many bytes the calls and events under way on all connections of a server may have, also on those that have ended
   * meanwhile. At the limit, reading pauses on connections with 64 KiB of them and more, and on others before calls and
   * events of 4 KiB and more, for addresses that have an eighth of it; for all at a quarter more. May be `Infinity`. 0: an
   * eighth of the largest heap. @default 0
   */
  readonly maxBytesInFlightTotal: number;
  /**
   * How long a call of the peer may run until its answer or the first value of its stream. Then it fails with
   * ERR_CALL_TIMEOUT, and the signal of its handler is aborted. 0: no limit. @default 0
   */
  readonly maxCallDurationMs: number;
  /** How many calls of this side may wait for their callback at once on a connection. @default 100000 */
  readonly maxPendingCalls: number;
  /**
   * How many messages of a session may be unacknowledged. The answers of calls may make it twice as many, and
   * `maxCallsInFlight` more; then the session ends. No lower than what clients have pending at once. @default 100000
   */
  readonly journalMaxEntries: number;
  /**
   * How many bytes the unacknowledged messages of a session may have: of each its text, in UTF-16 units, and 116 bytes that
   * it takes to hold it. The answers of calls under way may make it twice as many. @default 67108864 (64 MiB)
   */
  readonly journalMaxBytes: number;
  /**
   * How many bytes the unacknowledged messages of a session may have while its client is away. What is sent then ends a
   * session that has as many already; what it had when its client went away stays. `Infinity`: `journalMaxBytes` alone
   * counts. @default 4194304 (4 MiB)
   */
  readonly journalMaxBytesAway: number;
  /**
   * How many bytes the unacknowledged messages of all sessions of a server may have. Over it, sessions of anonymous
   * clients end before those of users: first of clients that are away, the one first for which something waits the
   * longest, then of connected ones, the largest first. May be `Infinity`. 0: a fifth of the largest heap. @default 0
   */
  readonly maxJournalBytesTotal: number;
  /**
   * The same for the sessions of one user. Over it, those end whose clients are away; where none is, calls and events to
   * that user's clients fail with ERR_JOURNAL_FULL. The answers of calls under way may make it twice as many. May be
   * `Infinity`. 0: a quarter of `maxJournalBytesTotal`. @default 0
   */
  readonly maxJournalBytesPerUser: number;
  /**
   * The same for the sessions of clients of one address. Of IPv6, the first 64 bits count as the address. May be
   * `Infinity`. 0: half of `maxJournalBytesTotal`. @default 0
   */
  readonly maxJournalBytesPerAddress: number;
  /**
   * The longest text of a session that is read from a store, in characters. It may have as many values as
   * `maxMessageNodes` says. The session of a longer one is lost (ERR_JSTP_SESSION_TEXT). May be `Infinity`.
   * @default 67108864 (64 Mi)
   */
  readonly maxSessionTextLength: number;
  /**
   * How many bytes may wait for a peer before further messages of its session wait in the journal, and before a server
   * serves nothing new of its client, until they have left. May be `Infinity`. @default 1048576 (1 MiB)
   */
  readonly sendHighWaterMark: number;
  /**
   * How many bytes may wait for a slow peer, and besides one message that is larger. A message that is sent while more
   * wait destroys the transport. May be `Infinity`. @default 16777216 (16 MiB)
   */
  readonly maxSendBufferBytes: number;
  /**
   * How many bytes may wait for all clients of a server. From half of it on, 64 KiB for a client are as
   * `sendHighWaterMark`; over it, the transports are destroyed for which the most waits. May be `Infinity`. 0: an eighth
   * of the largest heap. @default 0
   */
  readonly maxSendBufferBytesTotal: number;
  /**
   * How many bytes may have arrived of all clients of a server that are not served: of messages that have not arrived
   * whole, or wait. Less than 16 KiB of a client is not counted. Over it, transports are destroyed: of the address whose
   * connections have held the most for the longest, and of these those first. May be `Infinity`. 0: an eighth of the
   * largest heap. @default 0
   */
  readonly maxReceiveBufferBytesTotal: number;
  /** How long a peer may read nothing while bytes wait for it; then it is given up. 0: no limit. @default 30000 */
  readonly sendStallTimeoutMs: number;
  /**
   * How many bytes a second a peer must read while bytes wait for it, on the average of `sendStallTimeoutMs`; else it is
   * given up. 0: any number. Where `sendStallTimeoutMs` is 0, this has no effect. @default 100
   */
  readonly minWriteRate: number;
  /**
   * How many streams of the peer's calls may be under way at once on a connection, as results or as arguments. The next
   * one fails with ERR_TOO_MANY_STREAMS. May be `Infinity`. @default 1000
   */
  readonly maxStreams: number;
  /** How many values of one stream may wait to be sent. @default 10000 */
  readonly maxStreamBufferItems: number;
  /** How many bytes the waiting values of one stream may have. @default 16777216 (16 MiB) */
  readonly maxStreamBufferBytes: number;
  /** How many values of a stream may be sent ahead of what the receiver has read. @default 64 */
  readonly streamCredit: number;
  /** How long a server, or a JstpClient, that closes waits for what is under way. 0: not at all. @default 10000 */
  readonly drainTimeoutMs: number;
  /**
   * How long the close of a server waits for the session store after `drainTimeoutMs`, and for handlers that were cut off.
   * @default 5000
   */
  readonly closeTimeoutMs: number;
  /**
   * How many sessions a server has, of clients that are connected or away. For another one, the anonymous client makes
   * room that is away the longest; for a user, then a user's client. Where none may, ERR_TOO_MANY_SESSIONS refuses the
   * login, and a resume is put off. May be `Infinity`. @default 100000
   */
  readonly maxSessions: number;
  /** The same for the sessions of one user. The session that makes room ends. May be `Infinity`. @default 10000 */
  readonly maxSessionsPerUser: number;
  /**
   * The same for the sessions of clients of one address, by which they have come last. Of IPv6, the first 64 bits count as
   * the address. May be `Infinity`. @default 10000
   */
  readonly maxSessionsPerAddress: number;
  /** How many rooms of a server may have members at once. May be `Infinity`. @default 100000 */
  readonly maxRooms: number;
  /** How many rooms a session may be in at once. May be `Infinity`. @default 100 */
  readonly maxRoomsPerSession: number;
  /** The longest name of a room, in characters. May be `Infinity`. @default 256 */
  readonly maxRoomNameLength: number;
  /** How many connections a server has at once, before and after their login. `Infinity`: any number. @default 65536 */
  readonly maxConnections: number;
  /**
   * How many connections of one address a server has at once. Of IPv6, the first 64 bits count as the address. `Infinity`:
   * any number. @default 1000
   */
  readonly maxConnectionsPerAddress: number;
  /**
   * How many connections of a server may be before their login at once. From half of it on, an address that has a fiftieth
   * of it (16 at least) gets no more. At it, the one that has been silent for the longest ends for another one.
   * `Infinity`: any number. @default 2000
   */
  readonly maxPendingHandshakes: number;
  /**
   * How many new connections a second a server takes of one address. An address that was quiet may have those of ten
   * seconds at once. `Infinity`: any number. @default 100
   */
  readonly maxHandshakesPerSecond: number;
  /**
   * How many logins with credentials may fail a minute of one address, and ten times as many of the first 48 bits of IPv6.
   * From half of them on, their answers come later and later; beyond them, logins are refused without asking the policy.
   * `Infinity`: any number. @default 100
   */
  readonly maxFailedLoginsPerAddress: number;
  /**
   * The same for one user's name, that of `[name, password]`, `{ username }` or `{ login }`. An address that the user has
   * logged in from is not held up by it. `Infinity`: any number. @default 20
   */
  readonly maxFailedLoginsPerName: number;
  /**
   * How many bytes of memory the process of a server may take: the used part of its heap, and what is held outside of the
   * heap for it. It is looked at once a second. Over it, new connections are refused, those that have not logged in end,
   * and a second later sessions of idle anonymous clients. May be `Infinity`. 0: no limit. @default 0
   */
  readonly maxMemoryBytes: number;
  /** How long a peer may leave a ping unanswered; then it is given up. 0: two heartbeat intervals. @default 0 */
  readonly heartbeatTimeoutMs: number;
}

/** A limit of all connections of a server together that makes them wait, or ends some. */
export type TotalLimit =
  | 'maxCallsInFlightTotal'
  | 'maxBytesInFlightTotal'
  | 'maxSendBufferBytesTotal'
  | 'maxReceiveBufferBytesTotal';

/** How long a peer may take to close its side of a transport after this side has ended it, in milliseconds. */
export const END_TIMEOUT_MS = 2000;
/** How long nothing of an unfinished message may arrive, whatever `minReadRate` is, in milliseconds. */
export const RECEIVE_GRACE_MS = 30_000;
/** How many arguments of a call may be streams. Why: a call of a few bytes must not be much work, nor count as much. */
export const MAX_SOURCES = 64;
/** The longest name of a user, in characters. */
export const MAX_USERNAME_LENGTH = 256;
/** The longest id of a session, in characters: far longer than any that a server gives. */
export const MAX_SESSION_ID_LENGTH = 256;
/** How many refused handshakes of one kind are logged within {@link REFUSAL_WINDOW_MS}. Further ones are only counted. */
export const MAX_REFUSALS_LOGGED = 10;
/** How long refused handshakes are counted together, in milliseconds. */
export const REFUSAL_WINDOW_MS = 10_000;
/** The longest name, chosen by a peer, in the reason of a refusal, in characters. */
export const MAX_NAME_SHOWN = 100;

// The longest string of V8: a longer message could not become text.
const MAX_MESSAGE_BYTES = 2 ** 29 - 24;
// Why: every level takes two frames of the parser's stack.
const MAX_DEPTH = 1000;
// Why: connections may become a tenth older, and a timer has to wait for that.
const MAX_AGE_MS = 1_900_000_000;

// Why a fifth: a text beyond Latin 1 takes two bytes for each that is counted, and even then it is less than half the heap.
const JOURNALS_PART_OF_HEAP = 5;
// Why: one user, or one address, must not end the sessions of all others.
const JOURNALS_PARTS = { maxJournalBytesPerUser: 4, maxJournalBytesPerAddress: 2 };
// Why an eighth: values take several times the bytes of their text.
const IN_FLIGHT_PART_OF_HEAP = 8;
// As much as the calls may have that the answers are for.
const SEND_BUFFERS_PART_OF_HEAP = 8;
// As much as what is made of them may take.
const RECEIVE_BUFFERS_PART_OF_HEAP = 8;
const ASSUMED_HEAP_BYTES = 2 ** 31;

/** The default of a limit, and the range that it must be in, by default that of a count; up to Infinity: without a bound, too. */
type Rule = readonly [value: number, from?: number, to?: number];

const RULES: Readonly<Record<keyof Limits, Rule>> = {
  maxMessageBytes: [8 * 1024 * 1024, 1, MAX_MESSAGE_BYTES],
  maxDepth: [256, 2, MAX_DEPTH],
  maxHandshakeBytes: [16 * 1024, 1, Infinity],
  maxHandshakeDepth: [8, 2, Infinity],
  maxMessageNodes: [1_000_000, 1, Infinity],
  maxVersionRangeLength: [256, 1, 10_000],
  maxNameLength: [256, 1, Infinity],
  maxMetadataBytes: [8 * 1024, 1, Infinity],
  handshakeTimeoutMs: [3000, 1, MAX_TIMER_MS],
  connectTimeoutMs: [10_000, 0, MAX_TIMER_MS],
  messageTimeoutMs: [3_600_000, 0, MAX_TIMER_MS],
  minReadRate: [100, 0],
  idleTimeoutMs: [0, 0, MAX_TIMER_MS],
  maxConnectionAgeMs: [0, 0, MAX_AGE_MS],
  maxCallsInFlight: [10_000],
  maxCancelBurst: [10_000, 1, Infinity],
  maxPingBurst: [1000, 1, Infinity],
  maxBytesInFlight: [64 * 1024 * 1024, 1, Infinity],
  maxBytesInFlightTotal: [0, 0, Infinity],
  maxCallsInFlightTotal: [100_000, 1, Infinity],
  maxCallDurationMs: [0, 0, MAX_TIMER_MS],
  maxPendingCalls: [100_000],
  journalMaxEntries: [100_000],
  journalMaxBytes: [64 * 1024 * 1024],
  journalMaxBytesAway: [4 * 1024 * 1024, 1, Infinity],
  maxJournalBytesTotal: [0, 0, Infinity],
  maxJournalBytesPerUser: [0, 0, Infinity],
  maxJournalBytesPerAddress: [0, 0, Infinity],
  maxSessionTextLength: [64 * 1024 * 1024, 1, Infinity],
  sendHighWaterMark: [1024 * 1024, 1, Infinity],
  maxSendBufferBytes: [16 * 1024 * 1024, 1, Infinity],
  maxSendBufferBytesTotal: [0, 0, Infinity],
  maxReceiveBufferBytesTotal: [0, 0, Infinity],
  sendStallTimeoutMs: [30_000, 0, MAX_TIMER_MS],
  minWriteRate: [100, 0],
  maxStreams: [1000, 1, Infinity],
  maxStreamBufferItems: [10_000],
  maxStreamBufferBytes: [16 * 1024 * 1024],
  streamCredit: [64],
  drainTimeoutMs: [10_000, 0, MAX_TIMER_MS],
  closeTimeoutMs: [5000, 1, MAX_TIMER_MS],
  maxSessions: [100_000, 1, Infinity],
  maxSessionsPerUser: [10_000, 1, Infinity],
  maxSessionsPerAddress: [10_000, 1, Infinity],
  maxRooms: [100_000, 1, Infinity],
  maxRoomsPerSession: [100, 1, Infinity],
  maxRoomNameLength: [256, 1, Infinity],
  maxConnections: [65_536, 1, Infinity],
  maxConnectionsPerAddress: [1000, 1, Infinity],
  maxPendingHandshakes: [2000, 1, Infinity],
  maxHandshakesPerSecond: [100, 1, Infinity],
  maxFailedLoginsPerAddress: [100, 1, Infinity],
  maxFailedLoginsPerName: [20, 1, Infinity],
  maxMemoryBytes: [0, 0, Infinity],
  heartbeatTimeoutMs: [0, 0, MAX_TIMER_MS],
};

const LIMIT_NAMES = Object.keys(RULES) as (keyof Limits)[];

/** The defaults of all limits. */
export const DEFAULT_LIMITS: Limits = /* @__PURE__ */ limitsOf((name) => RULES[name][0]);

// The limits that were resolved last, which never change. Why: a client's options are read anew for each connection, most
// often with the same limits, and reading them makes 28 KB of garbage.
let lastResolved = DEFAULT_LIMITS;

/**
 * Returns all limits: the given ones, and the defaults for those that are missing or undefined.
 * @param given - the user's limits
 * @throws {ConfigurationError} for an unknown name or a value that is not allowed
 */
export function resolveLimits(given?: Partial<Limits> | null): Limits {
  if (given === undefined || given === null) return DEFAULT_LIMITS;
  checkNames('limits', given, LIMIT_NAMES);
  const valueOf = (name: keyof Limits): number => valueIn(given, name);
  if (LIMIT_NAMES.every((name) => valueOf(name) === lastResolved[name])) return lastResolved;
  lastResolved = limitsOf((name) => {
    const value = valueOf(name);
    checkLimit(name, value);
    return value;
  });
  return lastResolved;
}

function valueIn(given: Partial<Limits>, name: keyof Limits): number {
  const { [name]: value = DEFAULT_LIMITS[name] } = given;
  return value;
}

/**
 * Checks the names of options that have `limits` among them, as {@link checkNames} does.
 * @throws {ConfigurationError} for a limit that is given beside `limits` and not in it, too
 */
export function checkOptionNames(
  option: string,
  given: unknown,
  names: readonly string[],
  passed?: PassedNames,
): void {
  const known = [...names, ...(passed?.names ?? [])];
  const stray =
    isObject(given) && LIMIT_NAMES.find((name) => Object.hasOwn(given, name) && !known.includes(name));
  if (!stray) {
    checkNames(option, given, names, passed);
    return;
  }
  const allowed = `given in limits: { ${stray} }`;
  throw new ConfigurationError(stray, undefined, allowed, `${stray} must be ${allowed}`);
}

function checkLimit(name: keyof Limits, value: number): void {
  const [, from = 1, to = Number.MAX_SAFE_INTEGER] = RULES[name];
  const isBounded = to !== Infinity;
  const most = isBounded ? to : Number.MAX_SAFE_INTEGER;
  const allowed = `an integer from ${from} to ${most}${isBounded ? '' : ', or Infinity'}`;
  if (isBounded || value !== Infinity) check(`limits.${name}`, value, allowed, isInteger(from, most));
}

function limitsOf(valueOf: (name: keyof Limits) => number): Limits {
  return Object.freeze(
    Object.fromEntries(LIMIT_NAMES.map((name) => [name, valueOf(name)])) as Record<keyof Limits, number>,
  );
}

/** The number of bytes that `maxJournalBytesTotal` stands for, where 0 depends on the heap. */
export function journalBytesTotal({ maxJournalBytesTotal }: Limits): number {
  return maxJournalBytesTotal || partOfHeap(JOURNALS_PART_OF_HEAP);
}

/** The number of bytes that a limit of journals stands for, where 0 depends on that of all sessions. */
export function journalBytesPer(name: keyof typeof JOURNALS_PARTS, limits: Limits): number {
  return limits[name] || Math.ceil(journalBytesTotal(limits) / JOURNALS_PARTS[name]);
}

/** The number of bytes that `maxBytesInFlightTotal` stands for, where 0 depends on the heap. */
export function bytesInFlightTotal({ maxBytesInFlightTotal }: Pick<Limits, 'maxBytesInFlightTotal'>): number {
  return maxBytesInFlightTotal || partOfHeap(IN_FLIGHT_PART_OF_HEAP);
}

/** The number of bytes that `maxSendBufferBytesTotal` stands for, where 0 depends on the heap. */
export function sendBufferBytesTotal({
  maxSendBufferBytesTotal,
}: Pick<Limits, 'maxSendBufferBytesTotal'>): number {
  return maxSendBufferBytesTotal || partOfHeap(SEND_BUFFERS_PART_OF_HEAP);
}

/** The number of bytes that `maxReceiveBufferBytesTotal` stands for, where 0 depends on the heap. */
export function receiveBufferBytesTotal({
  maxReceiveBufferBytesTotal,
}: Pick<Limits, 'maxReceiveBufferBytesTotal'>): number {
  return maxReceiveBufferBytesTotal || partOfHeap(RECEIVE_BUFFERS_PART_OF_HEAP);
}

function partOfHeap(part: number): number {
  return Math.floor((heapLimitBytes() ?? ASSUMED_HEAP_BYTES) / part);
}

/**
 * Checks the interval of a timer, in milliseconds.
 * @throws {ConfigurationError} for anything but a number above 0 that a timer can wait
 */
export function checkInterval(option: string, value: unknown): void {
  check(option, value, `a number of milliseconds above 0, ${MAX_TIMER_MS} at most`, isInterval);
}

/**
 * Checks a time in milliseconds that need not be given: 0, null and undefined stand for the default.
 * @param zero what 0 means, for the error
 * @returns the time; undefined for the default
 * @throws {ConfigurationError} for anything else but a number of milliseconds that a timer can wait
 */
export function optionalInterval(
  option: string,
  value: number | null | undefined,
  zero = 'none',
): number | undefined {
  const allowed = `a number of milliseconds from 0 (${zero}) to ${MAX_TIMER_MS}`;
  check(
    option,
    value,
    allowed,
    nullable((time) => time === 0 || isInterval(time)),
  );
  return value || undefined;
}

function isInterval(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= MAX_TIMER_MS;
}
