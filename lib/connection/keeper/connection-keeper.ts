import { ERR_CALLBACK_LOST, ERR_NOT_CONNECTED, ERR_SESSION_LOST } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { runInRootContext } from '../../util/async-context.js';
import { ignore } from '../../util/callback.js';
import { now } from '../../util/host.js';
import { lookUntil } from '../../util/look-until.js';
import { startPatientKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';
import { answerCall, type OutgoingCall } from '../calls/outgoing-calls.js';
import { endCancelled } from '../channel/failures.js';
import type { UnsentMessage } from '../channel/outbox.js';
import {
  abandonCalls,
  acknowledgedCount,
  cutTransport,
  hasCalls,
  pendingCalls,
  probe,
  sendUnsent,
  stopRedialling,
  takeBack,
  takeUnsent,
} from '../client-control.js';
import type { Connection, ConnectPolicyFunction } from '../connection.js';
import { controlOf } from '../control.js';
import { ALL_EXTENSIONS } from '../extensions.js';
import type { CallMeter } from '../observing/call-meter.js';
import { ReconnectSchedule } from '../reconnect/schedule.js';
import type { ClientApplication } from './client-application.js';
import type { ClientEventArguments, ClientStatus } from './client-events.js';
import { isNetworkError } from './connection-trouble.js';
import { GiveUp } from './give-up.js';
import type { KeeperOptions } from './keeper-options.js';
import { OutageDelay } from './outage-delay.js';
import { Successor } from './successor.js';

/** How long a server that is asked for a sign of life may take, in milliseconds. */
const PROBE_TIMEOUT_MS = 5000;
const SUSPENDED = /* @__PURE__ */ new RemoteError(
  ERR_NOT_CONNECTED,
  'The client was suspended while it was connecting',
);

/** Gets what becomes of the connection. */
export interface ConnectionObserver {
  /** The client is connected, or no longer, or still not. */
  setStatus(status: ClientStatus): void;
  /** An attempt begins, has failed, or is to come. */
  attemptsChanged?(): void;
  /** One of the client's events. */
  emit<Name extends keyof ClientEventArguments>(name: Name, ...args: ClientEventArguments[Name]): void;
  /** An error that no caller gets; it is reported even if nobody listens for 'error'. */
  reportError(error: unknown): void;
  /**
   * An attempt in the background has failed.
   * @param isWorthWarning whether it is the first that the network alone does not explain, or that keeps the client
   * from its first connection
   */
  attemptFailed(error: unknown, isWorthWarning: boolean): void;
  /** For the log: what is everyday life. */
  debug(text: string): void;
  /** For the log: what is lost. */
  warn(text: string): void;
}

/** The life of a client's connection: made when needed, brought back when cut, renewed when its session is gone. */
export class ConnectionKeeper {
  /** The connection that has the session, up or waiting to be resumed. */
  private current: Connection | undefined;
  private isUp = false;
  private sending: Connection | undefined;
  private hasBeenUp = false;
  /** Whether to dial in the background. */
  private isWanted = false;
  private taken = false;
  /** Whether nothing is dialled until {@link wake}. */
  private isSuspended = false;
  /** Whether the attempt under way was begun before something spoke for a change: the next one follows at once. */
  private isOutdated = false;
  /** The attempt under way, or the one that led to the present connection. */
  private connecting: Promise<Connection> | undefined;
  private abort: GiveUp | undefined;
  private resolveAttempt: (connection: Connection) => void = ignore;
  /** The counts of both ways when the present transport was made. */
  private acknowledgedAtOpen = 0;
  private receivedAtOpen = 0;
  /** Says when to dial in the background; undefined: never. */
  private readonly delay: OutageDelay | undefined;
  private readonly schedule: ReconnectSchedule | undefined;
  private attempts = 0;
  private hasWarned = false;
  private resumeTimer: Timer | undefined;
  /** Connections that get no new calls, and end when those under way have: their servers leave, or this client does. */
  private readonly retired = new Set<Connection>();
  /** What waits for the connection after one whose server has left. */
  private readonly successor = new Successor();
  /** What never went out in a session that is lost: for the next one. */
  private unsent: UnsentMessage[] = [];
  private readonly shown: string;

  constructor(
    private readonly options: KeeperOptions,
    private readonly application: ClientApplication,
    private readonly observer: ConnectionObserver,
    private readonly callMeter?: CallMeter,
  ) {
    const { reconnect, resumeTimeoutMs, address } = options;
    this.delay = reconnect && new OutageDelay(reconnect, resumeTimeoutMs);
    this.schedule =
      this.delay &&
      new ReconnectSchedule(this.delay, () => {
        this.attempts += 1;
        this.observer.emit('reconnecting', this.attempts);
        if (this.isWanted) this.dial();
      });
    this.shown = address.shown;
  }

  /** The connection, while it is up. */
  get connection(): Connection | undefined {
    return this.isUp ? this.current : undefined;
  }

  /** The connection that has the session, while it is up or waits to be resumed. */
  get holder(): Connection | undefined {
    return this.current;
  }

  /** The connection that takes what is sent: while it is up, or what is sent waits for its resume. */
  get carrier(): Connection | undefined {
    return this.sending;
  }

  /** Whether another client has the session now, and nobody has called {@link connect} since. */
  get isTaken(): boolean {
    return this.taken;
  }

  /** Whether an attempt is under way. */
  get isConnecting(): boolean {
    return this.abort !== undefined;
  }

  /** Milliseconds until the next attempt in the background; undefined: none is to come. */
  get retryInMs(): number | undefined {
    return this.schedule?.remainingMs;
  }

  /** The connection; made, or brought back, by one attempt at once if it is not there. */
  connect(): Promise<Connection> {
    this.taken = false;
    this.isSuspended = false;
    return (this.connecting ??= runInRootContext(() => this.begin()));
  }

  /** Whether the server of a connection has left, so that calls which it has not run are for the next one. */
  hasLeft(connection: Connection): boolean {
    return this.retired.has(connection);
  }

  /**
   * The connection for what was not run yet. For `resumeTimeoutMs` after a server has left it waits for the next one; else
   * it is as {@link connect}.
   */
  next(): Promise<Connection> {
    if (this.sending) return Promise.resolve(this.sending);
    return this.successor.isAwaited ? this.successor.wait() : this.connect();
  }

  /** Connects in the background, and again after each loss or refusal: somebody waits for what the server sends. */
  keepUp(): void {
    if (this.isUp || this.taken) return;
    const isDialling = this.isWanted && (this.connecting !== undefined || this.schedule?.isWaiting === true);
    this.isWanted = true;
    if (!isDialling && !this.isSuspended) this.dial();
  }

  /**
   * Ends the transport, or the attempt to make one, without a word to the server, and dials no more until {@link wake}:
   * the session stays for then.
   */
  suspend(): void {
    this.isSuspended = true;
    this.schedule?.stop();
    this.giveUp(SUSPENDED);
    if (this.current) {
      stopRedialling(this.current);
      cutTransport(this.current);
    }
  }

  /**
   * Something speaks for a change: an attempt that is to come is made at once, and a connection that is up is asked
   * whether it is.
   */
  wake(): void {
    this.isSuspended = false;
    if (this.connection) probe(this.connection, PROBE_TIMEOUT_MS);
    else if (this.connecting) this.isOutdated = true;
    else if (this.isWanted) {
      this.schedule?.stop();
      this.dial();
    }
  }

  /** Undoes {@link keepUp}: nobody waits any longer. A client that was never connected dials no more. */
  letGo(): void {
    if (this.hasBeenUp) return;
    this.isWanted = false;
    this.schedule?.stop();
    this.delay?.reset();
  }

  /** Tells the server that nobody waits for a call any more, whichever session it is in by now. */
  cancel(call: OutgoingCall, startedOn: Connection, reason?: RemoteError): void {
    startedOn.cancelCall(call, reason);
    if (this.current && this.current !== startedOn) this.current.cancelCall(call, reason);
    if (this.unsent.length === 0) return;
    this.unsent = this.unsent.filter((message) => message.call !== call);
    endCancelled(call, reason);
  }

  /**
   * Ends the connection, or the attempt to make one. Calls under way get `limits.drainTimeoutMs`, and then fail with -1; the
   * next use makes a new connection meanwhile. Resolves when the connection is closed.
   */
  close(): Promise<void> {
    const { current, isUp } = this;
    this.leaveSession();
    this.hasBeenUp = false;
    this.isWanted = false;
    this.taken = false;
    this.isUp = false;
    this.isSuspended = false;
    this.connecting = undefined;
    this.schedule?.stop();
    this.delay?.reset();
    const closed = new RemoteError(ERR_NOT_CONNECTED, 'The client was closed while it was connecting');
    this.giveUp(closed);
    this.successor.fail(closed);
    this.failUnsent(ERR_CALLBACK_LOST);
    if (current && isUp) this.retired.add(current);
    else current?.close();
    const ends = Promise.all([...this.retired].map((connection) => this.finish(connection)));
    if (isUp) {
      this.observer.debug(`Closed the connection to ${this.shown}`);
      this.observer.setStatus('disconnected');
      this.observer.emit('close');
    }
    return ends.then(ignore);
  }

  /** Closes a connection when its calls have ended, or their time is over. */
  private async finish(connection: Connection): Promise<void> {
    const deadline = now() + this.options.limits.drainTimeoutMs;
    // At once where there is nothing to wait for.
    if (hasCalls(connection)) {
      await lookUntil(() => !this.retired.has(connection) || !hasCalls(connection), deadline);
    }
    this.retired.delete(connection);
    const closed = closeOf(connection);
    connection.close();
    await closed;
  }

  private giveUp(reason: RemoteError): void {
    const { abort } = this;
    this.abort = undefined;
    abort?.now(reason);
  }

  private begin(): Promise<Connection> {
    // After a `close`, or a takeover, it is the next use that brings the subscribers' events back.
    this.isWanted ||= this.application.hasSubscribers;
    const abort = new GiveUp();
    this.abort = abort;
    const attempt = new Promise<Connection>((resolve, reject) => {
      abort.addEventListener('abort', () => {
        reject(abort.reason);
      });
      this.open(abort).then(resolve, reject);
      this.resolveAttempt = resolve;
    });
    this.observer.attemptsChanged?.();
    // First, so that whoever waits for the attempt may make the next one.
    attempt.catch((error: unknown) => {
      if (this.connecting !== attempt) return;
      this.connecting = undefined;
      this.abort = undefined;
      if (!this.successor.isAwaited) {
        this.successor.fail(error);
        this.failUnsent(error);
      }
      this.observer.setStatus('disconnected');
      this.comeBackLater();
    });
    return attempt;
  }

  private async open(signal: GiveUp): Promise<Connection> {
    const { current } = this;
    const { app, address, heartbeatInterval, limits, prepareLogin } = this.options;
    const { entry, args } = address;
    if (current) {
      try {
        return await settled((done) => entry.reconnect(current, ...args, done));
      } catch (error) {
        // One that has led to a connection is over, whatever its listeners have done with that.
        if (!this.isPresent(signal) || !isRefusal(error, current)) throw error;
        this.leaveSession();
        this.observer.warn(`The session at ${this.shown} is lost: ${textOf(error)}`);
        this.observer.emit('sessionLost');
        // A listener may have closed the client.
        if (!this.isPresent(signal)) throw error;
      }
    }
    if (prepareLogin) {
      await prepareLogin();
      if (!this.isPresent(signal)) throw signal.reason;
    }
    const client = {
      application: this.application,
      connectPolicy: this.shakeHands,
      heartbeatInterval,
      limits,
      extensions: ALL_EXTENSIONS,
      callMeter: this.callMeter,
      ...(address.dialArguments && { dialArguments: address.dialArguments }),
      // It is this object that dials again.
      reconnector: ignore,
      // Ends an attempt that is given up; a resume ends with its connection.
      signal,
    };
    return settled((done) => entry.connect(app, client, ...args, done));
  }

  /** Whether an attempt is the one under way: neither given up nor done. */
  private isPresent(signal: GiveUp): boolean {
    return this.abort === signal;
  }

  private readonly shakeHands: ConnectPolicyFunction = (app, connection, session, callback) => {
    if (!session) this.watch(connection);
    const done = (error: unknown, opened?: typeof session): void => {
      if (!error) this.opened(connection, Boolean(session));
      // Of a client that was closed meanwhile the connection fails them itself.
      else if (connection === this.current) {
        for (const message of takeUnsent(connection)) this.unsent.push(message);
      }
      callback(error, connection, opened ?? undefined);
    };
    if (session) connection.handshake(app, session, null, done);
    else this.options.logIn(connection, done);
  };

  private watch(connection: Connection): void {
    connection.on('close', () => {
      if (this.retired.delete(connection)) connection.close();
      this.lost(connection, 'cut');
    });
    connection.on('drain', () => {
      this.retire(connection);
    });
    connection.on('bye', (reason) => {
      // The core would dial by itself after 'moved'.
      stopRedialling(connection);
      this.lost(connection, reason);
    });
    connection.on('error', (error) => {
      // Before and after, the error is the attempt's own.
      if (connection === this.connection) this.observer.reportError(error);
    });
  }

  private opened(connection: Connection, isResumed: boolean): void {
    const isReturn = this.hasBeenUp;
    stopTimer(this.resumeTimer);
    this.schedule?.stop();
    this.abort = undefined;
    this.current = connection;
    this.sending = connection;
    this.isUp = true;
    this.hasBeenUp = true;
    this.isWanted = true;
    this.taken = false;
    this.delay?.connected();
    this.acknowledgedAtOpen = acknowledgedCount(connection);
    this.receivedAtOpen = connection.session?.receivedCount ?? 0;
    this.attempts = 0;
    this.hasWarned = false;
    this.isOutdated = false;
    // Before anything that is sent from now on.
    const { unsent } = this;
    this.unsent = [];
    sendUnsent(connection, unsent);
    this.successor.is(connection);
    // Where the user has moved the connection by hand there may be no attempt of ours, or an overtaken one.
    this.connecting ??= Promise.resolve(connection);
    this.resolveAttempt(connection);
    this.observer.debug(`${isResumed ? 'Resumed the session at' : 'Connected to'} ${this.shown}`);
    this.observer.setStatus('connected');
    // A listener may have closed it: the others have heard of that.
    if (connection === this.connection) this.observer.emit('connect', connection);
    if (isReturn && connection === this.connection) this.observer.emit('reconnect', isResumed);
  }

  /** The transport is lost, or the peer has said why it will be. */
  private lost(connection: Connection, reason: string): void {
    if (connection !== this.connection) return;
    const isTaken = reason === 'taken';
    const isSessionOver =
      isTaken || reason === 'close' || connection.closedIntentionally || controlOf(connection).isSessionOver;
    this.isUp = false;
    this.taken = isTaken;
    this.connecting = undefined;
    const isUnwelcome = reason === 'close';
    // A server that greets before it sends the client away is of no use, wherever it sends it.
    const wasHeard = reason === 'cut' && (connection.session?.receivedCount ?? 0) > this.receivedAtOpen;
    this.delay?.lost(wasHeard || this.hasTaken(connection), isUnwelcome);
    if (isSessionOver) this.leaveSession();
    else this.waitForResume(connection);
    // Who closes the connection behind this object's back, or has lost it to another, does not want it back.
    if (isTaken || connection.closedIntentionally) {
      this.hasBeenUp = false;
      this.isWanted = false;
    }
    this.observer.debug(`Lost the connection to ${this.shown} (${reason})`);
    this.observer.setStatus('disconnected');
    this.observer.emit('close');
    if (isTaken) {
      this.observer.warn(`The session at ${this.shown} was taken over by another client`);
      this.observer.emit('sessionTaken');
    } else if (isSessionOver) {
      this.observer.warn(`The session at ${this.shown} has ended: the next connection logs in anew`);
      this.observer.emit('sessionLost');
    }
    this.comeBackLater();
  }

  /**
   * The server of the connection is about to end: calls under way end there, and new ones are for the next connection, which
   * is dialled at once.
   */
  private retire(connection: Connection): void {
    if (connection !== this.connection) return;
    const { resumeTimeoutMs, offline } = this.options;
    stopRedialling(connection);
    this.retired.add(connection);
    this.unsent.push(...takeBack(connection));
    this.isUp = false;
    this.connecting = undefined;
    this.leaveSession();
    // A server that takes nothing before it closes is not dialled at once again and again.
    this.delay?.lost(this.hasTaken(connection), false);
    if (offline === 'wait' && this.delay) {
      this.successor.await(resumeTimeoutMs, () => {
        if (this.successor.isWaitedFor || this.unsent.length > 0) this.connect().catch(ignore);
      });
    }
    this.observer.warn(`The server at ${this.shown} is closing: the next connection logs in anew`);
    this.observer.setStatus('disconnected');
    this.observer.emit('close');
    this.observer.emit('sessionLost');
    this.comeBackLater();
  }

  /** Whether the server has taken anything since the connection was opened. */
  private hasTaken(connection: Connection): boolean {
    return acknowledgedCount(connection) > this.acknowledgedAtOpen;
  }

  private leaveSession(): void {
    stopTimer(this.resumeTimer);
    this.current = undefined;
    this.sending = undefined;
  }

  /** Lets calls under way, and what is sent meanwhile, wait for the return, up to `resumeTimeoutMs`. */
  private waitForResume(connection: Connection): void {
    const { resumeTimeoutMs, offline } = this.options;
    const isSending = offline === 'wait' && this.delay !== undefined;
    this.sending = isSending ? connection : undefined;
    const isNeeded = isSending || pendingCalls(connection) > 0;
    if (resumeTimeoutMs === Infinity || !isNeeded) return;
    this.resumeTimer = startPatientKeepAliveTimer(resumeTimeoutMs, () => {
      this.sending = undefined;
      const lost = abandonCalls(connection);
      const what = `The connection to ${this.shown} was not back within ${resumeTimeoutMs} ms`;
      if (lost > 0) this.observer.warn(`${what}: calls that have failed with -1: ${lost}`);
      else this.observer.debug(what);
    });
  }

  /** There is no session that could take them. */
  private failUnsent(error: unknown): void {
    const { unsent } = this;
    this.unsent = [];
    const calls = unsent.flatMap(({ call }) => call ?? []);
    for (const call of calls) {
      this.guard(() => {
        answerCall(call, error);
      });
    }
    const events = unsent.length - calls.length;
    if (events > 0) this.observer.warn(`Events that were lost with the session at ${this.shown}: ${events}`);
  }

  /**
   * Dials in the background, if the client was connected and is wanted to be. Who waits already goes on waiting:
   * an attempt of a caller, made meanwhile, changes nothing.
   */
  private comeBackLater(): void {
    const { isOutdated } = this;
    this.isOutdated = false;
    if (this.isWanted && !this.connecting && !this.isSuspended) {
      if (isOutdated && this.schedule) this.dial();
      else this.schedule?.start();
    }
    this.observer.attemptsChanged?.();
  }

  private dial(): void {
    this.connect().catch((error: unknown) => {
      if (!this.isWanted || error === SUSPENDED) return;
      const isWorthWarning = !this.hasWarned && !(this.hasBeenUp && isNetworkError(error));
      this.hasWarned ||= isWorthWarning;
      this.observer.attemptFailed(error, isWorthWarning);
    });
  }

  /** Runs the user's code; what it throws is reported and goes no further. */
  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.observer.reportError(error);
    }
  }
}

/** The connection that a function of the core calls back with. */
function settled(
  start: (done: (error: unknown, connection: Connection) => void) => unknown,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    start((error, connection) => {
      if (error) reject(error);
      else resolve(connection);
    });
  });
}

/** Whether the server has answered the resume, and the answer was no. */
function isRefusal(error: unknown, connection: Connection): boolean {
  return (
    connection.state.name === 'closed' || (error instanceof RemoteError && error.code === ERR_SESSION_LOST)
  );
}

function closeOf(connection: Connection): Promise<void> {
  if (connection.getTransport() === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    connection.once('close', () => {
      resolve();
    });
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
