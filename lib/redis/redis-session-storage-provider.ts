import { JstpError } from '../protocol/jstp-error.js';
import type { Limits } from '../protocol/limits.js';
import { Session } from '../session/session.js';
import type { SessionClaim } from '../session/session-claim.js';
import { SessionNotOwnedError } from '../session/session-not-owned-error.js';
import { SessionSizeError } from '../session/session-size-error.js';
import { SessionTextError } from '../session/session-text-error.js';
import type {
  ClaimRequest,
  SessionOwner,
  SharedSessionStorageProvider,
} from '../session/shared-session-storage.js';
import { ignore } from '../util/callback.js';
import { now, type AbortSignalLike } from '../util/host.js';
import { startTimer, stopTimer } from '../util/timer.js';
import { InstanceService } from './instance-service.js';
import { resolveStorageOptions, type RedisSessionStorageOptions } from './options.js';
import { isLost, OwnedSessions } from './owned-sessions.js';
import { BoundedRedisClient } from './bounded-redis-client.js';
import type { RedisLike } from './redis-like.js';
import { hashOf, SessionTable, type ClaimResult, type StoredText } from './session-table.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';
import { joinText, mostBytesOf } from './stored-journal.js';
import { sizeLimit } from './session-writer.js';

const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 200;
const PAUSE_GROWTH = 1.5;

/** How often an owner starts the lifetime of its sessions anew, in each lifetime. */
const KEEPS_PER_LIFETIME = 3;

/** The request of a caller that names none: without a claim, and never given up. */
const DEFAULT_REQUEST: ClaimRequest = { order: undefined, signal: new AbortController().signal };

/** The time from the first call of `serve` to the end of the last owner. */
interface Serving {
  readonly owners: Set<SessionOwner>;
  readonly service: InstanceService;
}

/**
 * Stores sessions in Redis for several servers: a client can resume its session at another server than before. Redis
 * never gets the id of a session, only its SHA-256.
 *
 * While a client is connected, Redis holds the owner of its session and (without `writeThrough`) no text, but for a while
 * parts of a large journal, which are worth nothing without the text. When the owner dies, the session is lost. Why: an
 * older state would run calls twice.
 *
 * Redis deletes a session without an owner after `sessionLifetimeMs`. A session with an owner stays, as the owner
 * starts that time anew at each write and three times in it.
 * @example
 * const redis = createClient();
 * await redis.connect();
 * const sessionStorageProvider = new RedisSessionStorageProvider(redis, { leaseMs: 5000 });
 * const server = net.createServer({ applications, sessionStorageProvider });
 */
export class RedisSessionStorageProvider<C = unknown> implements SharedSessionStorageProvider<C> {
  /** Whether a server saves each step of a session before it acts on it. */
  readonly writeThrough: boolean;
  private readonly redis: BoundedRedisClient;
  private readonly options: Required<RedisSessionStorageOptions>;
  private readonly claims = new Map<string, Promise<unknown>>();
  private table: SessionTable;
  private owned: OwnedSessions;
  private serving: Serving | undefined;
  private isKeepDue = false;
  /** Set at the first renewal, which always begins a lease, so that it starts all lifetimes. */
  private keptAt = 0;

  /**
   * @param redis a client of the package `redis` whose `connect()` was called, or an instance of `ioredis`. It stays
   * yours: listen to its 'error' event, and close it after the servers.
   * @param options see RedisSessionStorageOptions
   * @throws ConfigurationError naming the option, what was given and what is allowed
   */
  constructor(redis: RedisLike, options?: RedisSessionStorageOptions) {
    this.options = resolveStorageOptions(options);
    this.writeThrough = this.options.writeThrough;
    this.redis = new BoundedRedisClient(redis, this.options.commandTimeoutMs);
    this.table = this.makeTable();
    this.owned = new OwnedSessions(this.table, this.options.maxSessionBytes);
  }

  /** Returns false: `get` returns a Promise. */
  isAsync(): boolean {
    return false;
  }

  /** Does what {@link claim} does. */
  get(id: string): Promise<Session<C> | undefined> {
    return this.claim(id);
  }

  /** Does what {@link save} does. */
  set(id: string, session: Session<C>): Promise<void> {
    return this.save(id, session);
  }

  /**
   * Lets a server own sessions: this process holds a lease from now on.
   * @returns a function that ends that; others can claim what is still owned at once. Its Promise never rejects:
   * failures go to `reportError`
   */
  serve(owner: SessionOwner): () => Promise<void> {
    const serving = (this.serving ??= this.startServing());
    serving.owners.add(owner);
    let ended: Promise<void> | undefined;
    return () => (ended ??= this.endServing(serving, owner));
  }

  /**
   * Writes a new session. This process owns it, even where Redis cannot be reached.
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis cannot be reached
   * @throws SessionSizeError, and writes nothing, where the session is larger than `maxSessionBytes`
   */
  async create(id: string, session: Session<C>): Promise<void> {
    const hash = hashOf(id);
    // Before the write, and even if the write fails: the session lives here, and Redis gets its text later.
    this.owned.add(hash, id);
    const text = this.writeThrough ? session.serialize() : '';
    this.checkSize(text);
    await this.table.create(hash, text);
  }

  /**
   * Makes this process the owner of a session.
   * @param request which client asks. @default a request without a claim, which is never given up
   * @returns the session; undefined where there is none, or where it was lost with its owner
   * @throws JstpError `ERR_JSTP_SESSION_BUSY` where the owner does not hand over within `claimTimeoutMs`, no client
   * asks any more, or the client has made a later claim elsewhere; `ERR_JSTP_STORE_AWAY` where Redis cannot be
   * reached
   * @throws SessionTextError where the text in Redis cannot be read
   */
  async claim(id: string, request: ClaimRequest = DEFAULT_REQUEST): Promise<Session<C> | undefined> {
    const hash = hashOf(id);
    const deadline = now() + this.options.claimTimeoutMs;
    // Why one claim at a time for each session: two would both read the text before either has removed it.
    const before = this.claims.get(hash) ?? Promise.resolve();
    const claim = before.catch(ignore).then(() => this.claimUntil(deadline, hash, id, request));
    this.claims.set(hash, claim);
    try {
      return await claim;
    } finally {
      if (this.claims.get(hash) === claim) this.claims.delete(hash);
    }
  }

  /**
   * Removes the text of a session whose client is back at this process.
   * @param claim the client's claim
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another process owns the session by now,
   * `ERR_JSTP_SESSION_BUSY` where the client has made a later claim elsewhere, `ERR_JSTP_STORE_AWAY` where Redis
   * cannot be reached
   */
  async revive(id: string, claim?: SessionClaim): Promise<void> {
    if (this.writeThrough) return;
    const hash = hashOf(id);
    const result = await this.owned.revive(hash, claim);
    if (result === 'late') throw this.busy();
    if (!isLost(result)) return;
    this.owned.remove(hash);
    throw new SessionNotOwnedError(result.lostTo);
  }

  /**
   * Writes a session that this process owns. A session that Redis does not know is new. A write that Redis executes
   * after a later one changes nothing.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another process owns the session by now, or where it was
   * released; `ERR_JSTP_STORE_AWAY` where Redis cannot be reached
   * @throws SessionSizeError, and writes nothing, where the session is larger than `maxSessionBytes`
   */
  async save(id: string, session: Session<C>): Promise<void> {
    const hash = hashOf(id);
    this.owned.add(hash, id);
    await this.owned.save(hash, session);
  }

  /**
   * Gives a session up, and writes it. Where Redis cannot be reached, the text waits here until it can.
   * @throws JstpError as {@link save}
   * @throws SessionSizeError where the session is too large: it is deleted then
   */
  async release(id: string, session: Session<C>): Promise<void> {
    const hash = hashOf(id);
    const text = textOf(session);
    try {
      this.checkSize(text.text);
    } catch (error) {
      await this.owned.giveUp(hash, 'deleted');
      throw error;
    }
    await this.owned.giveUp(hash, text);
  }

  /**
   * Deletes a session, if this process owns it. Where Redis cannot be reached, the session is deleted as soon as it
   * can.
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis cannot be reached
   */
  delete(id: string): Promise<void> {
    return this.owned.giveUp(hashOf(id), 'deleted');
  }

  /**
   * Tells whether Redis can be reached.
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where it cannot
   */
  ping(): Promise<void> {
    return this.table.ping();
  }

  private checkSize(text: string): void {
    const { maxSessionBytes } = this.options;
    const bytes = Buffer.byteLength(text);
    if (bytes > maxSessionBytes) throw new SessionSizeError(bytes, sizeLimit(maxSessionBytes));
  }

  private makeTable(): SessionTable {
    return new SessionTable(this.redis, this.options.keyPrefix, this.options.sessionLifetimeMs);
  }

  private startServing(): Serving {
    const owners = new Set<SessionOwner>();
    const service = new InstanceService(this.redis, this.table, this.options.leaseMs, {
      renewed: (wasHeld) => this.renewed(owners, wasHeld),
      requested: (hash, claim) => this.handOver(owners, hash, claim),
      report: (error) => {
        forEachOwner(owners, (owner) => {
          owner.reportError(error);
        });
      },
    });
    return { owners, service };
  }

  private async endServing(serving: Serving, owner: SessionOwner): Promise<void> {
    if (serving.owners.size > 1) {
      serving.owners.delete(owner);
      return;
    }
    // A new table first. Why: a server that starts meanwhile is another instance, whose lease goes on when this one
    // ends.
    const { owned } = this;
    this.serving = undefined;
    this.table = this.makeTable();
    this.owned = new OwnedSessions(this.table, this.options.maxSessionBytes);
    serving.service.stopListening();
    await owned.flushAll().catch(ignore);
    await serving.service.stop();
  }

  private async claimUntil(
    deadline: number,
    hash: string,
    id: string,
    request: ClaimRequest,
  ): Promise<Session<C> | undefined> {
    const { owned, table } = this;
    const isWanted = (): boolean => !request.signal.aborted && table === this.table;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * PAUSE_GROWTH, MAX_PAUSE_MS)) {
      await owned.flush(hash);
      if (!isWanted()) throw this.busy();
      const claimed = await table.claim(hash, request.order, mostBytesOf(request.limits));
      if (claimed.is === 'none') return undefined;
      if (claimed.is === 'late') throw this.busy();
      if (claimed.is === 'large')
        throw new SessionTextError('it has more characters than limits.maxSessionTextLength');
      if (claimed.is === 'mine' && !this.askHere(hash, request.order)) return undefined;
      if (claimed.is === 'text') {
        if (!isWanted()) {
          await claimed.undo();
          throw this.busy();
        }
        owned.claimed(hash);
        const { session, text } = await this.read(hash, id, claimed, request.limits);
        if (this.writeThrough || (await owned.removeText(hash, { text, claim: session.claim }))) {
          owned.add(hash, id);
          if (isWanted()) return session;
          // No client asks any more, or no server serves: another server may have the session.
          await owned.giveUp(hash, { text, claim: session.claim });
          throw this.busy();
        }
      }
      const left = deadline - now();
      if (left <= 0) throw this.busy();
      await pauseOf(Math.min(pause, left), request.signal);
    }
  }

  /**
   * Reads the text of a claimed session. A text that cannot be read stays in Redis until its lifetime ends, without
   * an owner.
   */
  private async read(
    hash: string,
    id: string,
    claimed: Extract<ClaimResult, { is: 'text' }>,
    limits?: Limits,
  ): Promise<{ session: Session<C>; text: string }> {
    try {
      const text = joinText(claimed.text, claimed.pieces, limits);
      return { session: Session.deserialize<C>(id, text, limits), text };
    } catch (error) {
      await this.table.disown(hash);
      throw error;
    }
  }

  /** Asks the servers of this process to hand a session over. @returns whether one of them may have it */
  private askHere(hash: string, claim: SessionClaim | undefined): boolean {
    const isHere = this.owned.idOf(hash) !== undefined || this.owned.isUnwritten(hash);
    if (isHere) this.serving?.service.request(hash, claim);
    return isHere;
  }

  private busy(): JstpError {
    const { claimTimeoutMs } = this.options;
    return new JstpError(
      'ERR_JSTP_SESSION_BUSY',
      `Another server has the session, and did not hand it over within ${claimTimeoutMs} ms`,
    );
  }

  private async renewed(owners: Set<SessionOwner>, wasHeld: boolean): Promise<void> {
    const time = now();
    // While the lease had run out, others may have claimed what this process owns; or Redis has lost its data.
    if (!wasHeld || time - this.keptAt >= this.options.sessionLifetimeMs / KEEPS_PER_LIFETIME)
      this.isKeepDue = true;
    if (this.isKeepDue) {
      for (const { id, claim } of await this.owned.keepAll()) {
        forEachOwner(owners, (owner) => {
          owner.lost(id, claim);
        });
      }
      this.isKeepDue = false;
      this.keptAt = time;
    }
    await this.owned.flushAll();
    await this.owned.freeAll();
  }

  private async handOver(
    owners: Set<SessionOwner>,
    hash: string,
    claim: SessionClaim | undefined,
  ): Promise<void> {
    const id = this.owned.idOf(hash);
    if (id !== undefined) {
      await Promise.all([...owners].map((owner) => owner.handOver(id, claim)));
    } else if (this.owned.isUnwritten(hash)) {
      await this.owned.flush(hash);
    } else if (!this.claims.has(hash)) {
      // The answer to a claim never came, or the session was lost here: no server of this process would give it up.
      await this.table.disown(hash);
    }
  }

  /** @internal Returns what `JSON.stringify` shows: no ids of sessions, and nothing of the client of Redis. */
  toJSON(): object {
    return { keyPrefix: this.options.keyPrefix, writeThrough: this.writeThrough };
  }

  /** @internal Returns what Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('RedisSessionStorageProvider', this, options, inspect);
  }
}

function textOf(session: Pick<Session, 'serialize' | 'claim'>): StoredText {
  return { text: session.serialize(), claim: session.claim };
}

/** Waits for a time, or until the signal fires. */
function pauseOf(delayMs: number, signal: AbortSignalLike): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stopTimer(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = startTimer(delayMs, end);
    signal.addEventListener('abort', end);
  });
}

/** Calls all owners, even if one of them throws. */
function forEachOwner(owners: Iterable<SessionOwner>, call: (owner: SessionOwner) => void): void {
  for (const owner of [...owners]) {
    try {
      call(owner);
    } catch {
      // Nobody is left who could be told that an owner has thrown.
    }
  }
}
