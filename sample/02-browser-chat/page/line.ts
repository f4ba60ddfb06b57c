import {
  connect,
  ERR_SESSION_LOST,
  SimpleConnectPolicy,
  type ApplicationLike,
  type Connection,
  type ReconnectFunction,
} from 'nestjs-jstp/browser';

/** What a user sees of the line to the server. */
export type Status =
  | { readonly name: 'online' }
  /** An attempt is under way, or about to be. */
  | { readonly name: 'reconnecting' }
  /** Several attempts have failed; the next one is made at this time. */
  | { readonly name: 'offline'; readonly nextTryAt: number };

/** How long to wait before each attempt; the last one is repeated. */
const DELAYS_MS = [0, 300, 700, 1500, 3000, 5000];
/** So many attempts may fail before the user is told that this takes longer. */
const PATIENCE = 3;
const HEARTBEAT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
const PAUSE_MS = 200;

interface LineListener {
  statusChanged(): void;
  /** There is a new session: the server has to be told everything again. */
  begun(): void;
  /** The session goes on, on a new line. */
  resumed(): void;
  /** The server does not let the user in any more. */
  refused(): void;
}

/** The line to the server: it is made again whenever it breaks, by the same session where that is possible. */
export class Line {
  status: Status = { name: 'reconnecting' };
  private connection: Connection | undefined;
  private password = '';
  private failures = 0;
  private timer: number | undefined;
  private attempt: (() => void) | undefined;
  private isSessionLost = false;
  private isHungUp = false;

  constructor(
    private readonly url: string,
    private readonly application: ApplicationLike<Connection>,
    private readonly listener: LineListener,
  ) {
    addEventListener('online', this.tryNow);
  }

  /** Logs in for the first time. */
  async logIn(name: string, password: string): Promise<void> {
    this.connection = await this.connect(name, password);
    this.password = password;
    this.isUp();
    this.listener.begun();
  }

  /** Calls a method; while the line is down the call waits for it. Rejected with -1 where the answer was lost. */
  async call(interfaceName: string, method: string, ...args: unknown[]): Promise<unknown> {
    return await this.needConnection().callMethod(interfaceName, method, args);
  }

  /** Calls a method that streams its values; resolves when it has ended. */
  stream(
    interfaceName: string,
    method: string,
    args: unknown[],
    onItem: (value: unknown) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = (error: unknown, ...results: unknown[]): void => {
        if (error) reject(error);
        // A single value comes as the result of the call.
        for (const value of results) onItem(value);
        resolve();
      };
      this.needConnection().startCall(interfaceName, method, args, ended, { onItem });
    });
  }

  /** Ends it for good. */
  hangUp(): void {
    this.isHungUp = true;
    removeEventListener('online', this.tryNow);
    clearTimeout(this.timer);
    this.connection?.close();
  }

  /** Makes the next attempt at once. */
  readonly tryNow = (): void => {
    const { attempt } = this;
    if (!attempt) return;
    clearTimeout(this.timer);
    this.attempt = undefined;
    this.setStatus({ name: 'reconnecting' });
    attempt();
  };

  private needConnection(): Connection {
    if (!this.connection) throw new Error('Nobody has logged in');
    return this.connection;
  }

  private connect(name: string, password: string): Promise<Connection> {
    return connect(
      'chat@^2.0.0',
      {
        application: this.application,
        connectPolicy: new SimpleConnectPolicy(name, password),
        reconnector: this.reconnector,
        heartbeatInterval: HEARTBEAT_MS,
        limits: { connectTimeoutMs: CONNECT_TIMEOUT_MS },
      },
      this.url,
    );
  }

  /** Called by the connection when its line is lost, and after each attempt that failed. */
  private readonly reconnector = (_connection: Connection, again: ReconnectFunction): void => {
    if (this.isHungUp) return;
    if (this.isSessionLost) {
      this.later(this.logInAgain);
      return;
    }
    this.later(() => {
      again((error: unknown) => {
        if (!error) {
          this.isUp();
          this.listener.resumed();
        } else if (isRefusal(error)) {
          // The server is there: no reason to wait.
          this.isSessionLost = true;
          this.failures = 0;
        }
      });
    });
  };

  private readonly logInAgain = (): void => {
    const name = this.connection?.username ?? '';
    this.connect(name, this.password).then(
      (connection) => {
        if (this.isHungUp) {
          connection.close();
          return;
        }
        this.connection = connection;
        this.isUp();
        this.listener.begun();
      },
      (error: unknown) => {
        if (this.isHungUp) return;
        if (isRefusal(error)) this.listener.refused();
        else this.later(this.logInAgain);
      },
    );
  };

  private later(attempt: () => void): void {
    const delayMs = DELAYS_MS[Math.min(this.failures, DELAYS_MS.length - 1)] ?? 0;
    this.failures++;
    this.attempt = attempt;
    this.timer = setTimeout(this.tryNow, delayMs);
    this.setStatus(
      this.failures > PATIENCE
        ? { name: 'offline', nextTryAt: Date.now() + delayMs }
        : { name: 'reconnecting' },
    );
  }

  private isUp(): void {
    this.failures = 0;
    this.isSessionLost = false;
    this.setStatus({ name: 'online' });
  }

  private setStatus(status: Status): void {
    this.status = status;
    this.listener.statusChanged();
  }
}

/** Lets a moment pass before something is tried again. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** Whether the server has answered with a no (its codes are numbers); otherwise the line is to blame. */
export function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && (code > 0 || code === ERR_SESSION_LOST);
}
