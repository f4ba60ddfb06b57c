import { MAX_USERNAME_LENGTH, type Limits } from '../../protocol/limits.js';
import { runInRootContext } from '../../util/async-context.js';
import { intern } from '../../util/intern.js';
import { RecentMap } from '../../util/recent-map.js';
import { RecentSet } from '../../util/recent-set.js';
import { startTimer } from '../../util/timer.js';
import { TokenBucket } from '../../util/token-bucket.js';
import { networkOf, siteOf } from '../../util/network-of.js';

const SECONDS_A_MINUTE = 60;
/** From this part of its failed logins on, an address or a name is slowed. */
const SLOWED_FROM = 0.5;
/** The longest time that the answer to a failed login waits. It is less than a handshake may take. */
const MAX_DELAY_MS = 1000;
/** How many times as many logins may fail of the first 48 bits of IPv6 addresses: its owner has 65,536 times the first 64. */
const SITE_FACTOR = 10;
/** How many addresses, and how many names, with failed logins are remembered. */
const MAX_REMEMBERED = 50_000;
/** How many users are remembered with the address of their last login. */
const MAX_KNOWN_USERS = 10_000;

/** A limit of failed logins, by its name in {@link Limits}. */
export type LoginLimitName = 'maxFailedLoginsPerAddress' | 'maxFailedLoginsPerName';

/** A login that asks to be decided. */
export interface LoginAttempt {
  /** The client's address; undefined where it has none. */
  readonly address: string | undefined;
  /** The user that it names; undefined where that is not known. */
  readonly name: string | undefined;
  /** Decides on it: now, or when others of its address or name are decided. Must end the turn, once. */
  run(turn: LoginTurn): void;
  /** Refuses it without a decision. */
  refuse(limit: LoginLimitName): void;
}

/** The turn of one login to be decided. */
export interface LoginTurn {
  /** The login has succeeded. */
  succeeded(): void;
  /** The login has failed. @param answer tells the client, at once or later */
  failed(answer: () => void): void;
  /** The client has gone; the decision may still come. */
  abandon(): void;
}

/** The failed logins of one address or name. */
interface Counter {
  /** Whose it is, and what counts them. */
  readonly key: string;
  readonly counters: Counters;
  readonly limit: LoginLimitName;
  readonly bucket: TokenBucket;
  readonly capacity: number;
  /** How many logins are being decided: each may become a failed one. */
  underWay: number;
  /** Those that wait for one of these. */
  readonly waiting: Set<Turn>;
  /** Whether those that wait are being started. */
  isWaking: boolean;
  /** How many turns have it. */
  users: number;
}

/**
 * Bounds failed logins by address and by name: a token for each, and so many tokens a minute. Half of them are free, then
 * answers come later and later, and without tokens logins are refused undecided.
 *
 * Why those under way are counted, too: else a thousand guesses at once would all be decided before the first has failed.
 */
export class LoginLimit {
  private readonly addresses: Counters | undefined;
  private readonly sites: Counters | undefined;
  private readonly names: Counters | undefined;
  /** Users at the addresses that they have logged in from: a stranger who guesses by their name must not lock them out. */
  private readonly known = new RecentSet(MAX_KNOWN_USERS);

  constructor({ maxFailedLoginsPerAddress, maxFailedLoginsPerName }: Limits) {
    this.addresses = countersOf('maxFailedLoginsPerAddress', maxFailedLoginsPerAddress);
    this.sites = countersOf('maxFailedLoginsPerAddress', maxFailedLoginsPerAddress * SITE_FACTOR);
    this.names = countersOf('maxFailedLoginsPerName', maxFailedLoginsPerName);
  }

  /** Lets a login be decided now or later, or refuses it. @returns its turn */
  attempt(attempt: LoginAttempt): LoginTurn {
    const address = attempt.address === undefined ? undefined : networkOf(attempt.address);
    const site = attempt.address === undefined ? undefined : siteOf(attempt.address);
    const name = attempt.name === undefined ? undefined : keyOf(attempt.name);
    const pair = `${address ?? ''} ${name ?? ''}`;
    const isKnown = name !== undefined && this.known.has(pair);
    const counters = [
      address === undefined ? undefined : this.addresses?.of(address),
      site === undefined ? undefined : this.sites?.of(site),
      name === undefined || isKnown ? undefined : this.names?.of(name),
    ].filter((counter) => counter !== undefined);
    const turn = new Turn(attempt, counters, () => {
      if (name !== undefined && this.names) this.known.add(intern(pair));
    });
    turn.start();
    return turn;
  }
}

class Turn implements LoginTurn {
  private state: 'new' | 'waiting' | 'underWay' | 'slowed' | 'over' = 'new';

  constructor(
    private readonly attempt: LoginAttempt,
    private readonly counters: readonly Counter[],
    private readonly onSuccess: () => void,
  ) {
    for (const counter of counters) counter.users += 1;
  }

  start(): void {
    const used = this.counters.find(({ bucket }) => bucket.level < 1);
    const busy = this.counters.find(isBusy);
    if (used) {
      this.end();
      this.attempt.refuse(used.limit);
    } else if (busy) {
      this.state = 'waiting';
      busy.waiting.add(this);
    } else {
      this.state = 'underWay';
      for (const counter of this.counters) counter.underWay += 1;
      this.attempt.run(this);
    }
  }

  succeeded(): void {
    this.onSuccess();
    this.release();
  }

  failed(answer: () => void): void {
    for (const { bucket } of this.counters) bucket.take();
    const delay = Math.max(0, ...this.counters.map(delayOf));
    if (delay === 0 || this.state !== 'underWay') {
      this.release();
      answer();
      return;
    }
    // Why it stays under way: a client that does not wait for its answer must not be faster.
    this.state = 'slowed';
    startTimer(delay, () => {
      this.state = 'underWay';
      this.release();
      answer();
    });
  }

  abandon(): void {
    if (this.state === 'waiting') {
      for (const { waiting } of this.counters) waiting.delete(this);
      this.end();
    } else if (this.state === 'underWay') this.release();
  }

  private release(): void {
    if (this.state !== 'underWay') return;
    this.state = 'over';
    for (const counter of this.counters) counter.underWay -= 1;
    for (const counter of this.counters) wake(counter);
    this.end();
  }

  private end(): void {
    this.state = 'over';
    for (const counter of this.counters) {
      counter.users -= 1;
      if (counter.users === 0) counter.counters.rest(counter);
    }
  }
}

/** Starts those that wait for a counter, as many as may be under way. Without tokens all of them are refused. */
function wake(counter: Counter): void {
  // Why: a policy that answers at once would end up here within itself, once for each that waits.
  if (counter.isWaking) return;
  counter.isWaking = true;
  for (const turn of counter.waiting) {
    if (isBusy(counter) && counter.bucket.level >= 1) break;
    counter.waiting.delete(turn);
    // Why: the policy that has just answered is another client's.
    runInRootContext(startTurn, turn);
  }
  counter.isWaking = false;
}

function startTurn(turn: Turn): void {
  turn.start();
}

/** Whether no more logins may be under way: each of them may take a token. */
function isBusy({ bucket, underWay }: Counter): boolean {
  return underWay >= Math.floor(bucket.level);
}

/** The counters of all addresses, or of all names. Bounded in number. */
class Counters {
  /** Those that logins have their turns by. */
  private readonly used = new Map<string, Counter>();
  /** The others with failed logins. Why slowed ones are kept: one failed login by many names each must not free a name. */
  private readonly resting = new RecentMap<Counter>(MAX_REMEMBERED, isSlowed);

  constructor(
    private readonly limit: LoginLimitName,
    private readonly capacity: number,
  ) {}

  of(text: string): Counter {
    const known = this.used.get(text) ?? this.resting.take(text) ?? this.create(intern(text));
    this.used.set(known.key, known);
    return known;
  }

  /** Keeps the counter of failed logins that nobody has a turn by, and forgets one that has counted none. */
  rest(counter: Counter): void {
    this.used.delete(counter.key);
    if (!counter.bucket.isFull) this.resting.add(counter.key, counter);
  }

  private create(key: string): Counter {
    const { limit, capacity } = this;
    return {
      key,
      counters: this,
      limit,
      bucket: new TokenBucket(capacity, capacity / SECONDS_A_MINUTE),
      capacity,
      underWay: 0,
      waiting: new Set(),
      isWaking: false,
      users: 0,
    };
  }
}

function countersOf(limit: LoginLimitName, capacity: number): Counters | undefined {
  return capacity === Infinity ? undefined : new Counters(limit, capacity);
}

function isSlowed(counter: Counter): boolean {
  return delayOf(counter) > 0;
}

/** How long the answer to a failed login waits, in milliseconds. */
function delayOf({ bucket, capacity }: Counter): number {
  return MAX_DELAY_MS * Math.max(0, 1 - bucket.level / (capacity * SLOWED_FROM));
}

/** A name as limits count it. Why: 'Admin' and 'admin' may be the same user to a policy. */
function keyOf(name: string): string {
  return name.slice(0, MAX_USERNAME_LENGTH).normalize('NFKC').trim().toLowerCase();
}

/** The name that credentials are given for: `[name, password]`, or `{ username }` or `{ login }`; else undefined. */
export function nameIn(credentials: unknown): string | undefined {
  if (typeof credentials !== 'object' || credentials === null) return undefined;
  if (Array.isArray(credentials)) {
    // Why two: what stands alone may be a secret, as a token.
    const [name] = credentials as unknown[];
    return credentials.length > 1 && typeof name === 'string' ? name : undefined;
  }
  const { username, login } = credentials as { username?: unknown; login?: unknown };
  const name = username ?? login;
  return typeof name === 'string' ? name : undefined;
}
