import type { ConnectPolicyFunction } from '../../connection/client-options.js';
import type { Connection } from '../../connection/connection.js';
import { ALL_EXTENSIONS } from '../../connection/extensions.js';
import { ERR_AUTH_FAILED, ERR_NOT_CONNECTED, ERR_SESSION_LOST } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore } from '../../util/callback.js';
import { startKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';
import type { ClientApplication } from './client-application.js';
import type { JstpClientEventArguments, JstpClientStatus } from './client-events.js';
import type { ResolvedClientOptions } from './client-options.js';
import { ReconnectDelay } from './reconnect-delay.js';

/** Who is told what becomes of the link. */
export interface LinkObserver {
  /** The client is connected, or no longer, or still not. */
  setStatus(status: JstpClientStatus): void;
  /** One of the client's events. */
  emit<Name extends keyof JstpClientEventArguments>(
    name: Name,
    ...args: JstpClientEventArguments[Name]
  ): void;
  /** An error that no caller gets; it is reported even if nobody listens for 'error'. */
  reportError(error: unknown): void;
}

/** The life of a client's connection: made when needed, brought back when cut, renewed when its session is gone. */
export class ClientLink {
  /** The connection that has the session, up or waiting to be resumed. */
  private current: Connection | undefined;
  private isUp = false;
  private hasBeenUp = false;
  private taken = false;
  /** The attempt under way, or the one that led to the present connection. */
  private connecting: Promise<Connection> | undefined;
  private abort: AbortController | undefined;
  private resolveAttempt: (connection: Connection) => void = ignore;
  private acknowledgedAtOpen = 0;
  /** Says when to dial in the background; undefined: never. */
  private readonly delay: ReconnectDelay | undefined;
  private attempts = 0;
  private redialTimer: Timer | undefined;
  private resumeTimer: Timer | undefined;

  constructor(
    private readonly options: ResolvedClientOptions,
    private readonly application: ClientApplication,
    private readonly observer: LinkObserver,
  ) {
    const { reconnect, resumeTimeoutMs } = options;
    this.delay = reconnect && new ReconnectDelay(reconnect, resumeTimeoutMs);
  }

  /** The connection, while it can be used. */
  get connection(): Connection | undefined {
    return this.isUp ? this.current : undefined;
  }

  /** Whether another client has the session now, and nobody has called {@link connect} since. */
  get isTaken(): boolean {
    return this.taken;
  }

  /** The connection; made, or brought back, by one attempt at once if it is not there. */
  connect(): Promise<Connection> {
    this.taken = false;
    return (this.connecting ??= this.begin());
  }

  /** Ends the connection or the attempt to make one: calls under way fail with -1. Resolves when the line is closed. */
  close(): Promise<void> {
    const { current, isUp, abort } = this;
    this.forgetSession();
    this.hasBeenUp = false;
    this.taken = false;
    this.isUp = false;
    this.connecting = undefined;
    this.abort = undefined;
    this.stopRedialling();
    this.delay?.reset();
    abort?.abort();
    const closed = current && isUp ? closeOf(current) : Promise.resolve();
    current?.close();
    if (isUp) {
      this.observer.setStatus('disconnected');
      this.observer.emit('close');
    }
    return closed;
  }

  private begin(): Promise<Connection> {
    const abort = new AbortController();
    this.abort = abort;
    const attempt = new Promise<Connection>((resolve, reject) => {
      abort.signal.addEventListener('abort', () => {
        reject(new RemoteError(ERR_NOT_CONNECTED, 'The client was closed while it was connecting'));
      });
      this.open(abort.signal).then(resolve, reject);
      this.resolveAttempt = resolve;
    });
    // First, so that whoever waits for the attempt may make the next one.
    attempt.catch(() => {
      if (this.connecting !== attempt) return;
      this.connecting = undefined;
      this.abort = undefined;
      this.observer.setStatus('disconnected');
      this.comeBackLater();
    });
    return attempt;
  }

  private async open(signal: AbortSignal): Promise<Connection> {
    const { current } = this;
    const { app, address, heartbeatInterval, limits } = this.options;
    const { entry, args } = address;
    if (current) {
      try {
        return await settled((done) => entry.reconnect(current, ...args, done));
      } catch (error) {
        if (signal.aborted || !isRefusal(error, current)) throw error;
        current.outbox.calls.loseAll();
        this.forgetSession();
        this.observer.emit('sessionLost');
      }
    }
    const client = {
      application: this.application,
      connectPolicy: this.shakeHands,
      heartbeatInterval,
      limits,
      extensions: ALL_EXTENSIONS,
      // It is this object that dials again.
      reconnector: ignore,
      // Ends an attempt that is given up; a resume ends with its connection.
      signal,
    };
    return settled((done) => entry.connect(app, client, ...args, done));
  }

  private readonly shakeHands: ConnectPolicyFunction = (app, connection, session, callback) => {
    if (!session) this.watch(connection);
    const done = (error: unknown, opened?: typeof session): void => {
      if (!error) this.opened(connection, Boolean(session));
      callback(error, connection, opened ?? undefined);
    };
    const { login, password, strategy } = this.options;
    if (session) connection.handshake(app, session, null, done);
    else if (strategy === undefined) connection.handshake(app, login, password, done);
    else {
      this.credentials().then(
        (credentials) => {
          connection.authenticate(app, strategy, credentials, done);
        },
        (error: unknown) => {
          connection.close();
          done(error ?? new RemoteError(ERR_AUTH_FAILED));
        },
      );
    }
  };

  private async credentials(): Promise<unknown> {
    const { credentials } = this.options;
    return typeof credentials === 'function' ? (credentials as () => unknown)() : credentials;
  }

  private watch(connection: Connection): void {
    connection.on('close', () => {
      this.lost(connection, 'cut');
    });
    connection.on('bye', (reason) => {
      // The core would dial by itself after 'moved'.
      connection.redialer?.stop();
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
    this.stopRedialling();
    this.abort = undefined;
    this.current = connection;
    this.isUp = true;
    this.hasBeenUp = true;
    this.taken = false;
    this.delay?.up();
    this.acknowledgedAtOpen = connection.journal?.acknowledged ?? 0;
    this.attempts = 0;
    // Where the user has moved the connection by hand there may be no attempt of ours, or an overtaken one.
    this.connecting ??= Promise.resolve(connection);
    this.resolveAttempt(connection);
    this.observer.setStatus('connected');
    this.observer.emit('connect', connection);
    if (isReturn) this.observer.emit('reconnect', isResumed);
  }

  /** The line is gone, or the peer has said why it will be. */
  private lost(connection: Connection, reason: string): void {
    if (connection !== this.connection) return;
    const isTaken = reason === 'taken';
    const isSessionOver =
      isTaken || reason === 'close' || connection.closedIntentionally || connection.isSessionOver;
    this.isUp = false;
    this.taken = isTaken;
    this.connecting = undefined;
    const wasUseful = (connection.journal?.acknowledged ?? 0) > this.acknowledgedAtOpen;
    this.delay?.down(wasUseful, reason === 'close');
    if (isSessionOver) this.forgetSession();
    else this.limitWait(connection);
    // Who closes the connection behind this object's back, or has lost it to another, does not want it back.
    if (isTaken || connection.closedIntentionally) this.hasBeenUp = false;
    this.observer.setStatus('disconnected');
    this.observer.emit('close');
    if (isTaken) this.observer.emit('sessionTaken');
    else if (isSessionOver) this.observer.emit('sessionLost');
    this.comeBackLater();
  }

  private forgetSession(): void {
    stopTimer(this.resumeTimer);
    this.current = undefined;
  }

  /** Calls under way wait for the line, but not for ever. */
  private limitWait(connection: Connection): void {
    const { resumeTimeoutMs } = this.options;
    if (resumeTimeoutMs === Infinity || connection.outbox.calls.size === 0) return;
    stopTimer(this.resumeTimer);
    this.resumeTimer = startKeepAliveTimer(resumeTimeoutMs, () => {
      connection.abandonCalls();
    });
  }

  /**
   * Dials in the background, if the client was connected and is wanted to be. Who waits already goes on waiting:
   * an attempt of a caller, made meanwhile, changes nothing.
   */
  private comeBackLater(): void {
    const { delay } = this;
    if (!delay || !this.hasBeenUp || this.connecting || this.redialTimer) return;
    this.redialTimer = startKeepAliveTimer(delay.next(), () => {
      this.redialTimer = undefined;
      this.attempts += 1;
      this.observer.emit('reconnecting', this.attempts);
      if (!this.hasBeenUp) return;
      this.connect().catch((error: unknown) => {
        if (this.hasBeenUp) this.observer.emit('error', error);
      });
    });
  }

  private stopRedialling(): void {
    stopTimer(this.redialTimer);
    this.redialTimer = undefined;
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
