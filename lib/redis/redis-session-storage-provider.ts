import { JstpError } from '../protocol/jstp-error.js';
import { Session } from '../session/session.js';
import type { SessionClaim } from '../session/session-claim.js';
import { SessionNotOwnedError } from '../session/session-not-owned-error.js';
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
import { RedisLink } from './redis-link.js';
import type { RedisLike } from './redis-like.js';
import { hashOf, SessionTable, type StoredText } from './session-table.js';
import { INSPECT, inspectAsJson, type Inspect } from '../util/inspect.js';

const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 200;
const PAUSE_GROWTH = 1.5;

/** Lifetimes in Redis start anew this often in each. */
const KEEPS_A_LIFETIME = 3;

/** Who asks for a session where nobody is named: without an order, and for as long as it takes. */
const ANYBODY: ClaimRequest = { order: undefined, signal: new AbortController().signal };

/** A time of serving, from the first owner's begin to the last one's end. */
interface Serving {
  readonly owners: Set<SessionOwner>;
  readonly service: InstanceService;
}

/**
 * Keeps sessions in Redis, for several servers: a client that comes back to another one than it left finds its
 * session there. Redis never sees a session's id, only its SHA-256.
 *
 * While a session lives in a server, Redis holds who owns it and (without `writeThrough`) no text: when that server
 * dies, the session is lost with it, instead of coming back in an older state and running calls twice.
 *
 * A session without an owner goes after `sessionLifetimeMs`; one with an owner stays, as the owner starts that time
 * anew at each write and every third of it.
 */
export class RedisSessionStorageProvider<C = unknown> implements SharedSessionStorageProvider<C> {
  /** Whether a server stores each step of a session before it acts on it. */
  readonly writeThrough: boolean;
  private readonly link: RedisLink;
  private readonly options: Required<RedisSessionStorageOptions>;
  private readonly claims = new Map<string, Promise<unknown>>();
  private table: SessionTable;
  private owned: OwnedSessions;
  private serving: Serving | undefined;
  private isKeepDue = false;
  private keptAt = 0;

  /**
   * @param redis a client of the package `redis` that was told to connect, or an instance of `ioredis`. It stays
   * yours: listen to its 'error' event, and close it after the servers.
   * @param options how sessions are kept
   * @throws ConfigurationError naming what cannot be used
   */
  constructor(redis: RedisLike, options?: RedisSessionStorageOptions) {
    this.options = resolveStorageOptions(options);
    this.writeThrough = this.options.writeThrough;
    this.link = new RedisLink(redis, this.options.commandTimeoutMs);
    this.table = this.makeTable();
    this.owned = new OwnedSessions(this.table);
  }

  /** Always false: `get` answers by a Promise. */
  isAsync(): boolean {
    return false;
  }

  /** As {@link claim}. */
  get(id: string): Promise<Session<C> | undefined> {
    return this.claim(id);
  }

  /** As {@link save}. */
  set(id: string, session: Session<C>): Promise<void> {
    return this.save(id, session);
  }

  /**
   * A server begins to own sessions: others take this process for alive from now on.
   * @returns what ends that. What is still owned then can be claimed at once; it never rejects, but reports
   */
  serve(owner: SessionOwner): () => Promise<void> {
    const serving = (this.serving ??= this.startServing());
    serving.owners.add(owner);
    let ended: Promise<void> | undefined;
    return () => (ended ??= this.endServing(serving, owner));
  }

  /**
   * Writes a new session. This process owns it, whether Redis could be told of it or not.
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis is away
   */
  async create(id: string, session: Session<C>): Promise<void> {
    const hash = hashOf(id);
    // Even where this fails: the session lives here, and Redis may do late what it was told, or hears of it later.
    this.owned.add(hash, id);
    await this.table.create(hash, this.writeThrough ? session.serialize() : '');
  }

  /**
   * Makes this process the owner of a session.
   * @param request who asks
   * @returns the session; undefined where there is none, or where it was lost with its owner
   * @throws JstpError `ERR_JSTP_SESSION_BUSY` where the owner does not hand over within `claimTimeoutMs`, or nobody asks
   * any more, or the client has asked elsewhere since; `ERR_JSTP_STORE_AWAY` where Redis is away
   * @throws SessionTextError where the text in Redis cannot be read
   */
  async claim(id: string, request: ClaimRequest = ANYBODY): Promise<Session<C> | undefined> {
    const hash = hashOf(id);
    const deadline = now() + this.options.claimTimeoutMs;
    // One at a time for each session: two of this process would both read the text before either takes it away.
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
   * Takes away the text of a session of this process, whose client is back.
   * @param claim the client's claim
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another owns it by now, `ERR_JSTP_SESSION_BUSY` where the client
   * has asked elsewhere since; `ERR_JSTP_STORE_AWAY` where Redis is away
   */
  async revive(id: string, claim?: SessionClaim): Promise<void> {
    if (this.writeThrough) return;
    const hash = hashOf(id);
    const written = await this.table.revive(hash, claim);
    if (written === 'late') throw this.busy();
    if (!isLost(written)) return;
    this.owned.remove(hash);
    throw new SessionNotOwnedError(written.lostTo);
  }

  /**
   * Writes a session that this process owns; one that Redis does not know is new. A write that Redis does after a later
   * one changes nothing.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another owns it by now, or where it was released;
   * `ERR_JSTP_STORE_AWAY` where Redis is away
   */
  async save(id: string, session: Session<C>): Promise<void> {
    const hash = hashOf(id);
    this.owned.add(hash, id);
    await this.owned.save(hash, textOf(session));
  }

  /**
   * Writes a session and gives it up, whatever the outcome. Where Redis is away, the text is kept here and written
   * when it is back.
   * @throws JstpError as {@link save}
   */
  release(id: string, session: Session<C>): Promise<void> {
    return this.owned.giveUp(hashOf(id), textOf(session));
  }

  /**
   * Forgets a session of this process; those of others stay. Where Redis is away, it is forgotten when it is back.
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis is away
   */
  delete(id: string): Promise<void> {
    return this.owned.giveUp(hashOf(id), 'deleted');
  }

  private makeTable(): SessionTable {
    return new SessionTable(this.link, this.options.keyPrefix, this.options.sessionLifetimeMs);
  }

  private startServing(): Serving {
    this.keptAt = now();
    const owners = new Set<SessionOwner>();
    const service = new InstanceService(this.link, this.table, this.options.leaseMs, {
      renewed: (had) => this.renewed(owners, had),
      requested: (hash, claim) => this.handOver(owners, hash, claim),
      report: (error) => {
        tellAll(owners, (owner) => {
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
    // A server that begins meanwhile is another instance: the end of this one's lease is not the end of its own.
    const { owned } = this;
    this.serving = undefined;
    this.table = this.makeTable();
    this.owned = new OwnedSessions(this.table);
    serving.service.silence();
    await owned.settleAll().catch(ignore);
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
      await owned.settle(hash);
      if (!isWanted()) throw this.busy();
      const claimed = await table.claim(hash, request.order);
      if (claimed.is === 'none') return undefined;
      if (claimed.is === 'late') throw this.busy();
      if (claimed.is === 'mine' && !this.askHere(hash, request.order)) return undefined;
      if (claimed.is === 'text') {
        if (!isWanted()) {
          await claimed.undo();
          throw this.busy();
        }
        const session = await this.read(hash, id, claimed.text);
        if (this.writeThrough || (await owned.takeText(hash, { text: claimed.text, claim: session.claim }))) {
          owned.add(hash, id);
          if (isWanted()) return session;
          // Nobody asks, or nobody serves any more: another server may have it.
          await owned.giveUp(hash, { text: claimed.text, claim: session.claim });
          throw this.busy();
        }
      }
      const left = deadline - now();
      if (left <= 0) throw this.busy();
      await pauseOf(Math.min(pause, left), request.signal);
    }
  }

  /** The session of a claimed text. One that cannot be read stays in Redis until its lifetime ends, owned by nobody. */
  private async read(hash: string, id: string, text: string): Promise<Session<C>> {
    try {
      return Session.deserialize<C>(id, text);
    } catch (error) {
      await this.table.disown(hash);
      throw error;
    }
  }

  /** Asks the servers of this process for a session. @returns whether one of them may have it */
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

  private async renewed(owners: Set<SessionOwner>, had: boolean): Promise<void> {
    const time = now();
    // Without a lease for a while, others may have claimed what this process owns; or Redis has lost its data.
    if (!had || time - this.keptAt >= this.options.sessionLifetimeMs / KEEPS_A_LIFETIME)
      this.isKeepDue = true;
    if (this.isKeepDue) {
      for (const { id, claim } of await this.owned.keepAll()) {
        tellAll(owners, (owner) => {
          owner.lost(id, claim);
        });
      }
      this.isKeepDue = false;
      this.keptAt = time;
    }
    await this.owned.settleAll();
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
      await this.owned.settle(hash);
    } else if (!this.claims.has(hash)) {
      // A claim whose answer never came, or a session that was lost here: nobody would give it up.
      await this.table.disown(hash);
    }
  }

  /** @internal What `JSON.stringify` shows: no sessions' ids, and nothing of the client of Redis. */
  toJSON(): object {
    return { keyPrefix: this.options.keyPrefix, writeThrough: this.writeThrough };
  }

  /** @internal What Node prints, see {@link toJSON}. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    return inspectAsJson('RedisSessionStorageProvider', this, options, inspect);
  }
}

function textOf(session: Pick<Session, 'serialize' | 'claim'>): StoredText {
  return { text: session.serialize(), claim: session.claim };
}

/** Waits; a signal ends that. */
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

/** Tells all owners, whatever one of them throws. */
function tellAll(owners: Iterable<SessionOwner>, tell: (owner: SessionOwner) => void): void {
  for (const owner of [...owners]) {
    try {
      tell(owner);
    } catch {
      // There is nobody left to be told of this.
    }
  }
}
