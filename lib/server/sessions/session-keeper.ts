import type { ApplicationLike } from '../../application/application.js';
import type { Connection } from '../../connection/connection.js';
import { JstpError } from '../../protocol/jstp-error.js';
import { forgetSession, loadSession, storeSession } from '../../session/ask-session-storage.js';
import { isOvertaken, isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import { SessionNotOwnedError } from '../../session/session-not-owned-error.js';
import {
  isShared,
  type ClaimRequest,
  type SessionOwner,
  type SharedSessionStorageProvider,
} from '../../session/shared-session-storage.js';
import type { SessionStorageProvider } from '../../session/session-storage.js';
import { SessionStateError } from '../../session/session-state-error.js';
import { SessionTextError } from '../../session/session-text-error.js';
import type { Session } from '../../session/session.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';
import { startTimer, stopTimer } from '../../util/timer.js';
import type { ClientTable } from './client-table.js';
import { isNotOwned, saveWithRetry } from './save-with-retry.js';
import { StoreTroubles } from './store-troubles.js';
import { storageOf, type ResolvedServerOptions } from '../server-options.js';

// What changes while a client is away is stored this much later, so that many changes are one write.
const SAVE_AFTER_MS = 100;

/** So many users are named whose sessions could not be stored. */
const NAMES_TOLD = 10;

type App = ApplicationLike<Connection>;
type Provider = SessionStorageProvider<Connection>;
type SharedProvider = SharedSessionStorageProvider<Connection>;

/** What a store says to the question for a session. */
export type Found =
  | { readonly name: 'found'; readonly session: Session<Connection> }
  | { readonly name: 'unknown' }
  /** Nobody can say now: the store is away, or the session's owner has not let go of it yet. */
  | { readonly name: 'later' };

/** What the keeper tells its server. */
export interface KeeperObserver {
  /** A session goes on elsewhere. */
  taken(connection: Connection): void;
  /** Whether a session's client has asked here for it after a claim that it made elsewhere. */
  overtakes(id: string, claim: SessionClaim | undefined): boolean;
  /** A failure of a store; with the connection that it is about, if there is one. */
  failed(error: unknown, connection?: Connection): void;
}

/** A session on its way to another server. */
interface Leave {
  readonly connection: Connection;
  readonly reason: 'moved' | 'taken';
  /** By which claim another server asks for it. */
  readonly claim: SessionClaim | undefined;
  /** Whether what runs still gets its time. */
  isFinishing: boolean;
  isCancelled: boolean;
  /** Resolves when what runs has had its time. */
  readonly finished: Promise<void>;
  end: Promise<void>;
}

/** Keeps the sessions of a server where they outlive their connections, alone or with other servers. */
export class SessionKeeper implements SessionOwner {
  private readonly served = new Map<SharedProvider, () => Promise<void>>();
  private readonly leaving = new Map<string, Leave>();
  /** Writes to shared stores that are under way. */
  private readonly writes = new Set<Promise<unknown>>();
  /** Sessions that a drain has taken from their clients, until the store has them. */
  private readonly unstored = new Set<Session<Connection>>();
  /** Connections whose sessions were handed over: what their links still tell changes nothing. */
  private readonly left = new WeakSet<Connection>();
  private readonly troubles = new StoreTroubles();
  private end: Promise<void> | undefined;
  private readonly changed = new DeadlineQueue<Connection>(SAVE_AFTER_MS, (connection) => {
    this.saveChanged(connection);
  });

  constructor(
    private readonly options: ResolvedServerOptions,
    private readonly clients: ClientTable,
    private readonly observer: KeeperObserver,
  ) {}

  /** A client has logged in: what its connection has to do before it acts, if there is something. */
  entered(connection: Connection): void {
    const { session } = connection;
    const provider = this.providerOf(connection);
    if (!isShared(provider) || !session) return;
    this.serve(provider);
    this.watch(() => provider.create(session.id, session), connection);
  }

  /** Stores a session before its connection acts on what changed it; undefined: it need not wait. */
  saverOf(connection: Connection): (() => Promise<void>) | undefined {
    const provider = this.providerOf(connection);
    return isShared(provider) && provider.writeThrough
      ? () => this.saveBefore(provider, connection)
      : undefined;
  }

  /** Asks for a session whose client is not known here. */
  find(
    application: App,
    id: string,
    request: ClaimRequest,
    asker: Connection,
    callback: (found: Found) => void,
  ): void {
    const provider = storageOf(application, this.options);
    const answer = (found: Found): void => {
      // A store answers in a turn of its own, where nobody else would catch.
      asker.guard(() => {
        callback(found);
      });
    };
    if (isShared(provider)) this.serve(provider);
    loadSession(isShared(provider) ? claiming(provider, request) : provider, id, (error, session) => {
      if (error && !isBusy(error)) this.fail(error, asker);
      if (session) answer({ name: 'found', session });
      // What cannot be read today cannot be read later either: the session is lost.
      else if (error && isShared(provider) && !(error instanceof SessionTextError)) answer({ name: 'later' });
      else answer({ name: 'unknown' });
    });
  }

  /** The client of a connection wants to come back to it; tells whether it may. */
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

  /** A session that was found is not wanted: its client went away, or may not have it. */
  giveBack(application: App, session: Session<Connection>): void {
    const provider = storageOf(application, this.options);
    // Asked twice, it was found twice: who has come back with it meanwhile keeps it.
    if (this.clients.find(session.id)) return;
    if (isShared(provider)) this.watch(() => provider.release(session.id, session));
  }

  /** A client's link is gone. */
  linkLost(connection: Connection): void {
    const { session } = connection;
    const provider = this.providerOf(connection);
    if (!session || this.left.has(connection) || this.hasStopped(provider)) return;
    if (connection.isSessionOver) {
      // A write that is still to come would bring it back.
      this.changed.delete(connection);
      this.forget(provider, session, connection);
    }
    // Another connection may have the session by now.
    else if (session.connection !== connection || session.isWorthless) return;
    else if (isShared(provider)) this.watch(() => provider.save(session.id, session), connection);
    else this.store(provider, session, connection);
  }

  /** More was journaled for a client that is away. */
  sessionChanged(connection: Connection): void {
    if (this.sharedProviderOf(connection)) this.changed.add(connection);
  }

  /** A client did not come back in time: its session is anybody's. */
  expired(connection: Connection): void {
    const { session } = connection;
    const provider = this.providerOf(connection);
    this.changed.delete(connection);
    if (!session || this.hasStopped(provider)) return;
    if (connection.isSessionOver || session.isWorthless) this.forget(provider, session, connection);
    else if (isShared(provider)) this.watch(() => provider.release(session.id, session), connection);
    else this.store(provider, session, connection);
  }

  /** Gives a session whose client is away back to a store that others share, where it outlives this memory. */
  releaseToOthers(connection: Connection): boolean {
    if (!this.sharedProviderOf(connection)) return false;
    this.clients.forget(connection);
    return true;
  }

  /** Whether a session is about to go elsewhere. */
  isLeaving(id: string): boolean {
    return this.leaving.has(id);
  }

  /**
   * The client of a session that is about to leave is back, by a later claim than the one for which it leaves: it stays.
   * @returns whether it could be kept
   */
  keep(id: string, claim: SessionClaim | undefined): boolean {
    const leave = this.leaving.get(id);
    if (!leave?.isFinishing || !isOvertaken(leave.claim, claim)) return false;
    leave.isCancelled = true;
    this.leaving.delete(id);
    leave.connection.goOnServing();
    return true;
  }

  /** Whether sessions may be with other servers. */
  get isShared(): boolean {
    return this.isServing || isShared(this.options.storage);
  }

  /** Whether there is a store that is shared with other servers. */
  get isServing(): boolean {
    return this.served.size > 0;
  }

  /**
   * Hands all sessions over that others can go on with, and owns none any more. Of a store that takes too long it tells
   * what that has not taken.
   */
  async drain(): Promise<void> {
    const connections = [...this.clients].filter((connection) => this.sharedProviderOf(connection));
    const ends = connections.map((connection) => this.leave(connection, 'moved'));
    await Promise.all([...this.leaving.values()].map(({ finished }) => finished));
    const stored = Promise.all(ends).then(() => this.stop());
    await atMost(this.options.limits.closeTimeoutMs, stored);
    if (this.unstored.size === 0) return;
    this.fail(notStored(this.unstored));
    this.unstored.clear();
  }

  /** Owns no sessions any more; what is left unfinished is anybody's. Asked twice, it is one end. */
  stop(): Promise<void> {
    this.end ??= this.stopServing().finally(() => {
      this.end = undefined;
    });
    return this.end;
  }

  /** Another server asks for a session. */
  async handOver(id: string, claim?: SessionClaim): Promise<void> {
    const connection = this.clients.find(id);
    if (!connection) return;
    // The client has come back here since.
    if (isOvertaken(claim, connection.session?.claim) || this.observer.overtakes(id, claim)) return;
    await this.leave(connection, reasonOf(connection, claim), claim);
  }

  /** Another server has the session. */
  lost(id: string, claim?: SessionClaim): void {
    const connection = this.clients.find(id);
    if (connection) this.letGo(connection, reasonOf(connection, claim));
  }

  reportError(error: unknown): void {
    this.fail(error);
  }

  private async stopServing(): Promise<void> {
    await Promise.allSettled([...[...this.leaving.values()].map(({ end }) => end), ...this.writes]);
    this.changed.clear();
    const stops = [...this.served.values()];
    this.served.clear();
    await Promise.all(stops.map(async (stop) => stop())).catch((error: unknown) => {
      this.fail(error);
    });
  }

  private leave(connection: Connection, reason: 'moved' | 'taken', claim?: SessionClaim): Promise<void> {
    const { session } = connection;
    if (!session) return Promise.resolve();
    const { id } = session;
    const known = this.leaving.get(id);
    if (known) return known.end;
    const { drainTimeoutMs, closeTimeoutMs } = this.options.limits;
    const leave: Leave = {
      connection,
      reason,
      claim,
      isFinishing: true,
      isCancelled: false,
      finished: connection.finishServing(drainTimeoutMs, closeTimeoutMs, this.options.drainStreamCode),
      end: Promise.resolve(),
    };
    this.leaving.set(id, leave);
    leave.end = this.finishAndRelease(leave, session).finally(() => {
      if (this.leaving.get(id) === leave) this.leaving.delete(id);
    });
    return leave.end;
  }

  /** Nothing new is read, what runs gets time to end; then the session goes, with all its answers. */
  private async finishAndRelease(leave: Leave, session: Session<Connection>): Promise<void> {
    const { connection } = leave;
    const provider = this.sharedProviderOf(connection);
    await leave.finished;
    if (leave.isCancelled) return;
    leave.isFinishing = false;
    this.letGo(connection, leave.reason);
    if (!provider) return;
    const isOver = connection.isSessionOver;
    if (!isOver && leave.reason === 'moved') this.unstored.add(session);
    // One that ended while it finished (by `bye`) is nobody's any more.
    const end = ask(() => (isOver ? provider.delete(session.id) : provider.release(session.id, session)));
    await end.then(
      () => {
        this.unstored.delete(session);
      },
      (error: unknown) => {
        // Another has it, or the drain will tell of all that are not stored.
        if (isNotOwned(error)) this.unstored.delete(session);
        if (!this.unstored.has(session)) this.fail(error, connection);
      },
    );
  }

  private letGo(connection: Connection, reason: 'moved' | 'taken'): void {
    const isTaken = reason === 'taken' && connection.isOpen;
    this.changed.delete(connection);
    connection.leave(reason);
    this.clients.remove(connection);
    this.left.add(connection);
    if (isTaken) this.observer.taken(connection);
  }

  private saveChanged(connection: Connection): void {
    const { session } = connection;
    const provider = this.sharedProviderOf(connection);
    if (!provider || session?.connection !== connection || connection.isOpen) return;
    this.watch(() => provider.save(session.id, session), connection);
  }

  private async saveBefore(provider: SharedProvider, connection: Connection): Promise<void> {
    try {
      await saveWithRetry(provider, connection, (error) => {
        this.fail(error, connection);
      });
      this.troubles.over();
    } catch (error) {
      if (connection.session && isNotOwned(error)) this.lost(connection.session.id, claimOf(error));
      // No later attempt would do better, and what waits for the store would wait for ever.
      else if (error instanceof SessionStateError) connection.endSession(error);
      throw error;
    }
  }

  private store(provider: Provider, session: Session<Connection>, connection: Connection): void {
    storeSession(provider, session, (error) => {
      this.fail(error, connection);
    });
  }

  private forget(provider: Provider, session: Session<Connection>, connection: Connection): void {
    if (isShared(provider)) this.watch(() => provider.delete(session.id), connection, false);
    else {
      forgetSession(provider, session.id, (error) => {
        this.fail(error, connection);
      });
    }
  }

  private providerOf(connection: Connection): Provider {
    return storageOf(connection.application, this.options);
  }

  /** The shared store of a connection's session, while this server owns what it has there. */
  private sharedProviderOf(connection: Connection): SharedProvider | undefined {
    const provider = this.providerOf(connection);
    return isShared(provider) && this.served.has(provider) ? provider : undefined;
  }

  /** Whether this server owns nothing any more in a store that others share. */
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

  /** Tells of a failure; of one of the store as a whole once, and not as a connection's. */
  private fail(error: unknown, connection?: Connection): void {
    const { troubles } = this;
    if (troubles.isNews(error))
      this.observer.failed(error, troubles.isOfTheStore(error) ? undefined : connection);
  }

  /** @param isText whether it stores a text, for which the store needs room */
  private watch(work: () => Promise<unknown>, connection?: Connection, isText = true): void {
    const write = ask(work).then(
      () => {
        if (isText) this.troubles.over();
      },
      (error: unknown) => {
        if (connection?.session && isNotOwned(error)) this.lost(connection.session.id, claimOf(error));
        else this.fail(error, connection);
      },
    );
    this.writes.add(write);
    void write.finally(() => this.writes.delete(write));
  }
}

/** Has a store do something. A method that throws has failed, and one that gives no Promise is done. */
async function ask<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return work();
}

/** A shared store, as one for which somebody asks. */
function claiming(provider: SharedProvider, request: ClaimRequest): Provider {
  return { get: (id) => provider.claim(id, request), set: (id, session) => provider.save(id, session) };
}

/** Waits for something, but no longer than so many milliseconds. */
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

function notStored(sessions: ReadonlySet<Session<Connection>>): JstpError {
  const names = [...new Set([...sessions].map(({ username }) => username ?? 'anonymous clients'))];
  const others = names.length > NAMES_TOLD ? ` and ${names.length - NAMES_TOLD} others` : '';
  return new JstpError(
    'ERR_JSTP_NOT_STORED',
    `The session store did not take ${sessions.size} sessions at the end of the server (of ` +
      `${names.slice(0, NAMES_TOLD).join(', ')}${others}): unless it does so yet, their clients hear that they are lost`,
  );
}

/** Why a session goes: only who takes it away from another takes it. */
function reasonOf({ session }: Connection, claim: SessionClaim | undefined): 'moved' | 'taken' {
  return isSameClaimant(claim, session?.claim) ? 'moved' : 'taken';
}

function claimOf(error: unknown): SessionClaim | undefined {
  return error instanceof SessionNotOwnedError ? error.claim : undefined;
}

function isBusy(error: unknown): boolean {
  return error instanceof JstpError && error.code === 'ERR_JSTP_SESSION_BUSY';
}
