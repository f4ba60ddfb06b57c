import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import { finishServing, resumeServing } from '../../connection/serving.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { DEFAULT_LIMITS, type Limits } from '../../protocol/limits.js';
import {
  deleteSession,
  giveBackSession,
  loadSession,
  storeSession,
} from '../../session/ask-session-storage.js';
import { ANSWERS_OVER } from '../../session/journal-meter.js';
import { isOvertaken, isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import { SessionNotOwnedError } from '../../session/session-not-owned-error.js';
import {
  isShared,
  type ClaimRequest,
  type SessionOwner,
  type SharedSessionStorageProvider,
} from '../../session/shared-session-storage.js';
import type { SessionStorageProvider } from '../../session/session-storage.js';
import { SessionSizeError } from '../../session/session-size-error.js';
import { SessionTextError } from '../../session/session-text-error.js';
import type { Session } from '../../session/session.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';
import { startTimer, stopTimer } from '../../util/timer.js';
import type { ClientTable } from './client-table.js';
import { isNotOwned, isUnstorable, saveWithRetry } from './save-with-retry.js';
import { StoreOutages } from './store-outages.js';
import type { Found, ResumeSource } from '../handshake/pending-resumes.js';
import { storageOf, type ResolvedServerOptions } from '../server-options.js';

// How long a change of a session whose client is away waits to be saved. Why: many changes become one write.
const SAVE_AFTER_MS = 100;

// How many users an error names whose sessions could not be stored.
const MAX_USERS_NAMED = 10;

type App = ApplicationLike<Connection>;
type Provider = SessionStorageProvider<Connection>;
type SharedProvider = SharedSessionStorageProvider<Connection>;

/** What a keeper of sessions asks of its server, and tells it. */
export interface KeeperObserver {
  /** Another server has taken a session away from an open connection. */
  taken(connection: Connection): void;
  /** Whether the client of a claim made at another server has asked here for the session since. */
  overtakes(id: string, claim: SessionClaim | undefined): boolean;
  /** A store has failed; with the connection that the failure is about, if there is one. */
  failed(error: unknown, connection?: Connection): void;
}

/** A session on its way to another server. */
interface Handover {
  readonly connection: Connection;
  readonly reason: 'moved' | 'taken';
  /** The claim by which another server asks for the session; undefined in a drain. */
  readonly claim: SessionClaim | undefined;
  /** Whether calls that are being served still get their time. */
  isFinishing: boolean;
  isCancelled: boolean;
  /** Resolves when calls have had their time. */
  readonly finished: Promise<void>;
  /** Resolves when the store has the session, or the hand-over was cancelled. */
  done: Promise<void>;
}

/** Keeps the sessions of a server in stores, where they outlive their connections and can move to other servers. */
export class SessionKeeper implements SessionOwner, ResumeSource {
  /** The shared stores that this server serves, and what stops that. */
  private readonly served = new Map<SharedProvider, () => Promise<void>>();
  /** The hand-overs under way, by session. */
  private readonly handovers = new Map<string, Handover>();
  /** Writes to shared stores that are under way. */
  private readonly writes = new Set<Promise<unknown>>();
  /** Sessions that a drain has detached from their clients, until the store has them. */
  private readonly unstored = new Set<Session<Connection>>();
  private isDraining = false;
  /** Connections whose sessions are with other servers: the loss of their transports says nothing about a session. */
  private readonly handedOver = new WeakSet<Connection>();
  private readonly outages = new StoreOutages();
  private stopping: Promise<void> | undefined;
  private readonly changed = new DeadlineQueue<Connection>(SAVE_AFTER_MS, (connection) => {
    this.saveChanged(connection);
  });

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly clients: ClientTable,
    private readonly observer: KeeperObserver,
  ) {}

  /** Creates the session of a client that has logged in, where its store is shared. */
  entered(connection: Connection): void {
    const { session } = connection;
    const provider = this.providerOf(connection);
    if (!isShared(provider) || !session) return;
    this.serve(provider);
    this.watch(() => provider.create(session.id, session), connection);
  }

  /**
   * Returns what saves a session before its connection acts on a change; undefined where the connection need not
   * wait.
   */
  saverOf(connection: Connection): (() => Promise<void>) | undefined {
    const provider = this.providerOf(connection);
    return isShared(provider) && provider.writeThrough
      ? () => this.saveBefore(provider, connection)
      : undefined;
  }

  /** Asks a store for a session whose client is not here. */
  find(
    application: App,
    id: string,
    request: ClaimRequest,
    asker: Connection,
    callback: (found: Found) => void,
  ): void {
    const provider = storageOf(application, this.options);
    if (isShared(provider)) this.serve(provider);
    loadSession(isShared(provider) ? claiming(provider, request) : provider, id, (error, session) => {
      // Why a guard: the store calls back in a turn of its own, where nobody else would catch.
      controlOf(asker).guard(() => {
        const fault = session && faultOf(session, this.options.limits);
        if (fault) this.delete(provider, session, asker);
        const failure = fault ?? error;
        if (failure && !isBusy(failure)) this.fail(failure, asker);
        if (session && !fault) callback({ name: 'found', session });
        // A text that cannot be read now cannot be read later either: the session is lost.
        else if (failure && isShared(provider) && !(failure instanceof SessionTextError))
          callback({ name: 'later' });
        else callback({ name: 'unknown' });
      });
    });
  }

  /** Asks the store whether a client that is away may still resume its session here. */
  revive(
    connection: Connection,
    claim: SessionClaim | undefined,
    callback: (mayReturn: boolean) => void,
  ): void {
    const { session } = connection;
    const provider = this.sharedProviderOf(connection);
    if (!provider || !session) {
      callback(true);
      return;
    }
    ask(() => provider.revive(session.id, claim)).then(
      () => {
        this.changed.delete(connection);
        callback(true);
      },
      (error: unknown) => {
        if (isNotOwned(error)) this.lost(session.id, claimOf(error));
        else if (!isBusy(error)) this.fail(error, connection);
        callback(false);
      },
    );
  }

  /** Gives a session back to its store that was found and is not wanted: its client went away, or was refused. */
  giveBack(application: App, session: Session<Connection>): void {
    const provider = storageOf(application, this.options);
    // Two searches may find one session: a client that has resumed it meanwhile keeps it.
    if (this.clients.find(session.id)) return;
    if (isShared(provider)) this.watch(() => provider.release(session.id, session));
    else {
      giveBackSession(provider, session.id, (error) => {
        this.fail(error);
      });
    }
  }

  /** Saves the session of a client that has lost its transport, or deletes it where the session is over. */
  transportLost(connection: Connection): void {
    const { session } = connection;
    const provider = this.providerOf(connection);
    if (!session || this.handedOver.has(connection) || this.hasStopped(provider)) return;
    if (controlOf(connection).isSessionOver) {
      // The delayed write is dropped first: it would bring the session back.
      this.changed.delete(connection);
      this.delete(provider, session, connection);
    }
    // Another connection may have the session by now.
    else if (session.connection !== connection || session.isWorthless) return;
    else if (isShared(provider)) this.watch(() => provider.save(session.id, session), connection);
    else this.store(provider, session, connection);
  }

  /** Saves the session of a client that is away soon, as its journal has changed. */
  sessionChanged(connection: Connection): void {
    if (this.sharedProviderOf(connection)) this.changed.add(connection);
  }

  /** Releases the session of a client that did not come back in time: any server may resume it from now on. */
  clientExpired(connection: Connection): void {
    const { session } = connection;
    const provider = this.providerOf(connection);
    this.changed.delete(connection);
    if (!session || this.hasStopped(provider)) return;
    if (controlOf(connection).isSessionOver || session.isWorthless)
      this.delete(provider, session, connection);
    else if (isShared(provider)) this.watch(() => provider.release(session.id, session), connection);
    else this.store(provider, session, connection);
  }

  /**
   * Expires a client that is away, so that its session is released to its shared store and takes no memory here.
   * @returns false, and does nothing, where the store is not shared
   */
  releaseToStore(connection: Connection): boolean {
    if (!this.sharedProviderOf(connection)) return false;
    this.clients.expire(connection);
    return true;
  }

  /** Whether a session is being handed over to another server. */
  isHandingOver(id: string): boolean {
    return this.handovers.has(id);
  }

  /**
   * Cancels the hand-over of a session whose client has come back by a later claim than the one it is handed over for.
   * @returns false where the session cannot stay any more
   */
  cancelHandover(id: string, claim: SessionClaim | undefined): boolean {
    const handover = this.handovers.get(id);
    if (!handover?.isFinishing || !isOvertaken(handover.claim, claim)) return false;
    handover.isCancelled = true;
    this.handovers.delete(id);
    resumeServing(handover.connection);
    return true;
  }

  /** Whether sessions may be at other servers. */
  get isShared(): boolean {
    return this.isServing || isShared(this.options.storage);
  }

  /** Whether a connection's session can go on at another server. */
  canMove(connection: Connection): boolean {
    return this.sharedProviderOf(connection) !== undefined;
  }

  /** Whether this server serves a store that it shares with other servers. */
  get isServing(): boolean {
    return this.served.size > 0;
  }

  /**
   * Hands all sessions of shared stores over, and stops owning any. Sessions that a store has not taken in
   * `limits.closeTimeoutMs` are reported.
   */
  async drain(): Promise<void> {
    this.isDraining = true;
    try {
      await this.drainAll();
    } finally {
      this.isDraining = false;
    }
  }

  private async drainAll(): Promise<void> {
    const connections = [...this.clients].filter((connection) => this.sharedProviderOf(connection));
    const handovers = connections.map((connection) => this.startHandover(connection, 'moved'));
    await Promise.all([...this.handovers.values()].map(({ finished }) => finished));
    const stored = Promise.all(handovers).then(() => this.stop());
    await atMost(this.options.limits.closeTimeoutMs, stored);
    if (this.unstored.size === 0) return;
    this.fail(notStored(this.unstored));
    this.unstored.clear();
  }

  /**
   * Stops owning sessions, after the hand-overs and writes that are under way. Other servers may claim what is left.
   * Calls at the same time share one end.
   */
  stop(): Promise<void> {
    this.stopping ??= this.stopServing().finally(() => {
      this.stopping = undefined;
    });
    return this.stopping;
  }

  /** Hands a session over that another server asks for. */
  async handOver(id: string, claim?: SessionClaim): Promise<void> {
    const connection = this.clients.find(id);
    if (!connection) return;
    // The client has come back here since.
    if (isOvertaken(claim, connection.session?.claim) || this.observer.overtakes(id, claim)) return;
    await this.startHandover(connection, reasonOf(connection, claim), claim);
  }

  /** Gives up a session that another server has taken. */
  lost(id: string, claim?: SessionClaim): void {
    const connection = this.clients.find(id);
    if (connection) this.detachSession(connection, reasonOf(connection, claim));
  }

  /** Reports a failure of a store that is about no session. */
  reportError(error: unknown): void {
    this.fail(error);
  }

  private async stopServing(): Promise<void> {
    // The stores are left only after the last write: a server that serves no store owns nothing there.
    await Promise.allSettled([...[...this.handovers.values()].map(({ done }) => done), ...this.writes]);
    for (const connection of this.changed) this.changed.delete(connection);
    const stops = [...this.served.values()];
    this.served.clear();
    await Promise.all(stops.map(async (stop) => stop())).catch((error: unknown) => {
      this.fail(error);
    });
  }

  private startHandover(
    connection: Connection,
    reason: 'moved' | 'taken',
    claim?: SessionClaim,
  ): Promise<void> {
    const { session } = connection;
    if (!session) return Promise.resolve();
    const { id } = session;
    const known = this.handovers.get(id);
    if (known) return known.done;
    const { drainTimeoutMs, closeTimeoutMs } = this.options.limits;
    const handover: Handover = {
      connection,
      reason,
      claim,
      isFinishing: true,
      isCancelled: false,
      finished: finishServing(connection, drainTimeoutMs, closeTimeoutMs, this.options.drainStreamCode),
      done: Promise.resolve(),
    };
    this.handovers.set(id, handover);
    handover.done = this.finishAndRelease(handover, session).finally(() => {
      if (this.handovers.get(id) === handover) this.handovers.delete(id);
    });
    return handover.done;
  }

  /**
   * Waits until the calls of a session have had their time, and releases the session to its store. The order matters:
   * the session is detached before it is written, so that nothing changes it afterwards.
   */
  private async finishAndRelease(handover: Handover, session: Session<Connection>): Promise<void> {
    const { connection } = handover;
    const provider = this.sharedProviderOf(connection);
    await handover.finished;
    if (handover.isCancelled) return;
    handover.isFinishing = false;
    this.detachSession(connection, handover.reason);
    if (!provider) return;
    const isOver = controlOf(connection).isSessionOver;
    if (this.isDraining && !isOver && handover.reason === 'moved') this.unstored.add(session);
    // A session that has ended meanwhile (by `bye`) is deleted: nobody can resume it.
    const work = ask(() => (isOver ? provider.delete(session.id) : provider.release(session.id, session)));
    await work.then(
      () => {
        this.unstored.delete(session);
      },
      (error: unknown) => {
        // Another server has the session, or the drain reports all sessions that are not stored at once.
        if (isNotOwned(error)) this.unstored.delete(session);
        if (!this.unstored.has(session)) this.fail(error, connection);
      },
    );
  }

  /** Takes a session that is at another server from now on off its connection, and the client out of the table. */
  private detachSession(connection: Connection, reason: 'moved' | 'taken'): void {
    const isTaken = reason === 'taken' && connection.handshakeDone;
    this.changed.delete(connection);
    controlOf(connection).end(reason);
    this.clients.remove(connection, 'move');
    this.handedOver.add(connection);
    if (isTaken) this.observer.taken(connection);
  }

  private saveChanged(connection: Connection): void {
    const { session } = connection;
    const provider = this.sharedProviderOf(connection);
    if (!provider || session?.connection !== connection || connection.handshakeDone) return;
    this.watch(() => provider.save(session.id, session), connection);
  }

  private async saveBefore(provider: SharedProvider, connection: Connection): Promise<void> {
    try {
      await saveWithRetry(provider, connection, (error) => {
        this.fail(error, connection);
      });
      this.outages.end();
    } catch (error) {
      if (connection.session && isNotOwned(error)) this.lost(connection.session.id, claimOf(error));
      // Why the session ends: no later attempt can do better, and calls that wait for the store would wait for ever.
      else if (isUnstorable(error)) controlOf(connection).endSession(error);
      throw error;
    }
  }

  private store(provider: Provider, session: Session<Connection>, connection: Connection): void {
    storeSession(provider, session, (error) => {
      this.fail(error, connection);
    });
  }

  private delete(provider: Provider, session: Session<Connection>, connection: Connection): void {
    if (isShared(provider)) this.watch(() => provider.delete(session.id), connection, false);
    else {
      deleteSession(provider, session.id, (error) => {
        this.fail(error, connection);
      });
    }
  }

  private providerOf(connection: Connection): Provider {
    return storageOf(connection.application, this.options);
  }

  /** Returns the shared store of a connection's session; undefined where it is not shared, or no longer served. */
  private sharedProviderOf(connection: Connection): SharedProvider | undefined {
    const provider = this.providerOf(connection);
    return isShared(provider) && this.served.has(provider) ? provider : undefined;
  }

  /** Whether a store is shared, and this server owns nothing there (any more). */
  private hasStopped(provider: Provider): boolean {
    return isShared(provider) && !this.served.has(provider);
  }

  private serve(provider: SharedProvider): void {
    if (this.served.has(provider)) return;
    const started = ask(() => provider.serve(this)).catch((error: unknown) => {
      this.fail(error);
    });
    this.served.set(provider, async () => {
      const stop = await started;
      if (stop) await stop();
    });
  }

  /** Whether a connection still has its session, which has not ended. */
  private mayEnd(connection: Connection): boolean {
    const { session } = connection;
    return (
      session !== null && this.clients.find(session.id) === connection && !controlOf(connection).isSessionOver
    );
  }

  /** Reports a failure; an outage of the store once, and not as the failure of a connection. */
  private fail(error: unknown, connection?: Connection): void {
    const { outages } = this;
    if (outages.isNews(error)) this.observer.failed(error, outages.isOutage(error) ? undefined : connection);
  }

  /**
   * Runs a write to a shared store, and reports its failure.
   * @param isText whether the write stores a text. Why: a delete needs no room, and so does not show that an outage
   * is over
   */
  private watch(work: () => Promise<unknown>, connection?: Connection, isText = true): void {
    const write = ask(work).then(
      () => {
        if (isText) this.outages.end();
      },
      (error: unknown) => {
        if (connection?.session && isNotOwned(error)) this.lost(connection.session.id, claimOf(error));
        else if (error instanceof SessionSizeError && connection && this.mayEnd(connection))
          controlOf(connection).endSession(error);
        else this.fail(error, connection);
      },
    );
    this.writes.add(write);
    void write.finally(() => this.writes.delete(write));
  }
}

/** Calls a method of a store: what it throws is a rejection, and what is no Promise is a result. */
async function ask<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return work();
}

/** Wraps a shared store, so that its sessions are claimed by a request. */
function claiming(provider: SharedProvider, request: ClaimRequest): Provider {
  return { get: (id) => provider.claim(id, request), set: (id, session) => provider.save(id, session) };
}

/** Waits for the end of work, but no longer than `timeoutMs`. */
function atMost(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = startTimer(timeoutMs, resolve);
    work
      .then(() => {
        resolve();
      }, reject)
      .finally(() => {
        stopTimer(timer);
      });
  });
}

/** What a session of a store has too much of to be served here; undefined: nothing. */
function faultOf({ journal, serving }: Session<Connection>, limits: Limits): SessionTextError | undefined {
  // Why not less than the defaults: sessions that were stored before a limit was lowered are still served.
  const most = (name: keyof Limits): number => Math.max(limits[name], DEFAULT_LIMITS[name]);
  const maxCalls = most('maxCallsInFlight');
  const maxEntries = ANSWERS_OVER * most('journalMaxEntries') + maxCalls;
  const maxBytes = ANSWERS_OVER * most('journalMaxBytes') + most('maxMessageBytes');
  if ([...serving].length > maxCalls)
    return new SessionTextError('it has more calls in service than limits.maxCallsInFlight');
  if (journal.size > maxEntries)
    return new SessionTextError('it has more unacknowledged messages than limits.journalMaxEntries');
  return journal.bytes > maxBytes
    ? new SessionTextError('its unacknowledged messages have more bytes than limits.journalMaxBytes')
    : undefined;
}

function notStored(sessions: ReadonlySet<Session<Connection>>): JstpError {
  const names = [...new Set([...sessions].map(({ username }) => username ?? 'anonymous clients'))];
  const others = names.length > MAX_USERS_NAMED ? ` and ${names.length - MAX_USERS_NAMED} others` : '';
  return new JstpError(
    'ERR_JSTP_NOT_STORED',
    `The session store did not take ${sessions.size} sessions at the end of the server (of ` +
      `${names.slice(0, MAX_USERS_NAMED).join(', ')}${others}): unless it does so yet, their clients hear that they are lost`,
  );
}

/** Returns why a session is handed over: its own client has moved, or another one takes it. */
function reasonOf({ session }: Connection, claim: SessionClaim | undefined): 'moved' | 'taken' {
  return isSameClaimant(claim, session?.claim) ? 'moved' : 'taken';
}

function claimOf(error: unknown): SessionClaim | undefined {
  return error instanceof SessionNotOwnedError ? error.claim : undefined;
}

function isBusy(error: unknown): boolean {
  return error instanceof JstpError && error.code === 'ERR_JSTP_SESSION_BUSY';
}
