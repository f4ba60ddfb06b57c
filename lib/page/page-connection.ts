import type { Connection } from '../connection/connection.js';
import type { ClientApplication } from '../connection/keeper/client-application.js';
import { ConnectionKeeper, type ConnectionObserver } from '../connection/keeper/connection-keeper.js';
import { isNetworkError } from '../connection/keeper/connection-trouble.js';
import type { KeptAddress, LogIn } from '../connection/keeper/keeper-options.js';
import { ERR_NOT_CONNECTED, ERR_SESSION_TAKEN } from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import { ignore } from '../util/callback.js';
import { LAST_RESORT, SAFE_EMIT, type ErrorReporter, type EventEmitter } from '../util/event-emitter.js';
import { nextTick, reportUnhandledError } from '../util/host.js';
import { listenToHost } from './host-events.js';
import type { PageCaller } from './page-call.js';
import type { PageClientEvents, PageClientStatus } from './page-events.js';
import type { PageLogin, ResolvedPageOptions } from './page-options.js';
import { WaitingRoom, type Waiting } from './waiting-room.js';

/** The connection of a page's client: kept up through what its host tells, with what waits for it. */
export class PageConnection implements ConnectionObserver, PageCaller, ErrorReporter {
  readonly keeper: ConnectionKeeper;
  status: PageClientStatus = 'idle';
  isClosed = false;
  private readonly waiting: WaitingRoom;
  private readonly stopListening: () => void;
  private login: PageLogin | null = null;
  readonly debug = ignore;
  readonly warn = ignore;

  /**
   * @param application what the server may call and emit here
   * @param emitter the client's
   * @param entry dials
   */
  constructor(
    private readonly options: ResolvedPageOptions,
    application: ClientApplication,
    private readonly emitter: EventEmitter<PageClientEvents>,
    entry: KeptAddress['entry'],
  ) {
    const { url, limits, resumeTimeoutMs } = options;
    this.waiting = new WaitingRoom(limits, resumeTimeoutMs);
    const address: KeptAddress = { entry, args: [url], dialArguments: undefined, shown: this.shownUrl };
    this.keeper = new ConnectionKeeper(
      { ...options, address, prepareLogin: this.prepareLogin, logIn: this.logIn },
      application,
      this,
    );
    const { keeper } = this;
    this.stopListening = listenToHost({
      wake: () => {
        keeper.wake();
      },
      doubt: () => {
        if (keeper.connection) keeper.wake();
      },
      suspend: () => {
        keeper.suspend();
        this.showStatus();
      },
      leave: () => {
        // Nothing is waited for: the page is gone in a moment.
        keeper.connection?.close();
      },
    });
  }

  connect(): Promise<Connection> {
    if (this.isClosed) return rejection(closedError());
    const attempt = this.keeper.connect();
    this.keeper.keepUp();
    return attempt;
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.stopListening();
    this.waiting.fail(closedError());
    const closed = this.keeper.close();
    this.showStatus();
    return closed;
  }

  wait(waiting: Waiting): void {
    try {
      const error = this.refusal();
      if (error) throw error;
      this.waiting.add(waiting);
    } catch (error) {
      nextTick(() => {
        waiting.fail(error);
      });
    }
    if (!this.isClosed) this.keeper.keepUp();
  }

  forget(waiting: Waiting): void {
    this.waiting.remove(waiting);
  }

  setStatus(): void {
    const { connection } = this.keeper;
    // When it is lost, `attemptsChanged` tells what comes next.
    if (!connection) return;
    // First: what has waited comes before what is sent from now on.
    this.waiting.send(connection);
    this.showStatus();
  }

  attemptsChanged(): void {
    this.showStatus();
  }

  attemptFailed(error: unknown, isWorthWarning: boolean): void {
    if (error instanceof RemoteError && error.code > 0) {
      this.waiting.fail(error);
      this.emit('refused', error);
    }
    if (!this.emit('error', error) && isWorthWarning)
      reportUnhandledError(`no connection to ${this.shownUrl} (listen for the client's "error")`, error);
  }

  reportError(error: unknown): void {
    if (this.emit('error', error) || isNetworkError(error)) return;
    reportUnhandledError('error of a client (listen for its "error")', error);
  }

  emit<Name extends keyof PageClientEvents>(name: Name, ...args: PageClientEvents[Name]): boolean {
    return this.emitter[SAFE_EMIT](name, args, name === 'error' ? LAST_RESORT : this);
  }

  private readonly prepareLogin = async (): Promise<void> => {
    this.login = await this.options.askLogin();
  };

  private readonly logIn: LogIn = (connection, done) => {
    const { login } = this;
    const { app } = this.options;
    if (login && 'strategy' in login) connection.authenticate(app, login.strategy, login.credentials, done);
    else connection.handshake(app, login?.name, login?.password ?? '', done);
  };

  /** The URL for logs, without user, password and query. */
  private get shownUrl(): string {
    return this.options.url.replace(/\/\/[^/?#]*@|\?.*/g, (part) => (part.startsWith('?') ? '' : '//'));
  }

  /** Why nothing may wait. */
  private refusal(): RemoteError | undefined {
    if (this.isClosed) return closedError();
    if (this.keeper.isTaken) return new RemoteError(ERR_SESSION_TAKEN);
    return this.options.offline === 'fail' ? new RemoteError(ERR_NOT_CONNECTED) : undefined;
  }

  private showStatus(): void {
    const status = this.currentStatus();
    if (status === this.status) return;
    this.status = status;
    this.emit('status', status);
  }

  private currentStatus(): PageClientStatus {
    const { keeper } = this;
    if (this.isClosed) return 'closed';
    if (keeper.connection) return 'connected';
    if (keeper.isTaken) return 'taken';
    if (keeper.isConnecting) return 'connecting';
    return keeper.retryInMs === undefined ? 'idle' : 'waiting';
  }
}

function closedError(): RemoteError {
  return new RemoteError(ERR_NOT_CONNECTED, 'The client is closed');
}

function rejection(error: Error): Promise<never> {
  const rejected = Promise.reject<never>(error);
  rejected.catch(ignore);
  return rejected;
}
