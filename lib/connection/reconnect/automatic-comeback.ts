import { ignore, popCallback, type Callback } from '../../util/callback.js';
import type { ReconnectFunction, Reconnector } from '../connection.js';
import type { Dialers } from '../transport.js';
import { Backoff } from './backoff.js';
import type { Comeback, ComebackHost } from './comeback.js';
import { SUPERSEDED } from './redialer.js';
import { ReconnectSchedule } from './schedule.js';

/** Brings a connection back when the user's reconnector says so or, where there is none, by a schedule of its own. */
export class AutomaticComeback implements Comeback {
  private readonly backoff = new Backoff();
  private readonly schedule = new ReconnectSchedule(this.backoff, () => {
    this.reconnectFn();
  });
  /** Whether the reconnector has made the attempt under way, and makes the next one if it fails. */
  private isByReconnector = false;
  /** Whether the reconnector would have brought the connection back, had the attempt under way not been made. */
  private isAwaited = false;

  /** @param dialers for `reconnectFn('ws', ...)` */
  constructor(
    private readonly host: ComebackHost,
    private readonly dialers: Dialers,
    private readonly reconnector: Reconnector | undefined,
  ) {}

  get isTrying(): boolean {
    return this.isByReconnector;
  }

  connected(): void {
    this.isAwaited = false;
    this.backoff.connected();
  }

  lost(isMoving: boolean): void {
    this.backoff.lost();
    // At once, but not again and again to servers that let the client in and send it away.
    if (isMoving && this.backoff.isFresh) this.reconnectFn();
    else this.askReconnector();
  }

  sessionLost(): void {
    this.backoff.sessionLost();
  }

  interrupted(isArmed: boolean): void {
    this.isAwaited ||= isArmed || this.schedule.isWaiting || this.isByReconnector;
  }

  begun(isOwn: boolean): void {
    this.isByReconnector = isOwn;
    if (isOwn) this.isAwaited = false;
  }

  ended(): void {
    this.isByReconnector = false;
  }

  failed(isMissed: boolean): void {
    const { isAwaited } = this;
    this.isAwaited = false;
    if (isAwaited && isMissed) this.askReconnector();
  }

  callOff(): void {
    this.schedule.stop();
  }

  stop(): void {
    this.isAwaited = false;
    this.callOff();
  }

  private readonly reconnectFn: ReconnectFunction = (...given) => {
    const { host } = this;
    const { owner, dialedAs, attempt, isSessionLost, isStopped } = host;
    if (isStopped) return;
    const args = [...given];
    const callback = popCallback(args) ?? ignore;
    const named = typeof args[0] === 'string' ? this.dialers.get(args[0]) : undefined;
    const transportName = named ? (args.shift() as string) : dialedAs.transportName;
    const dialer = named ?? this.dialers.get(dialedAs.transportName);
    if (!dialer) return;
    const dialArguments = args.length > 0 ? args : dialedAs.args;
    const done: Callback = (error) => {
      // An attempt that has found out that the session is lost has not failed: the next one logs in.
      const isNews = host.isSessionLost && !isSessionLost;
      if (error && error !== SUPERSEDED && !isNews) this.backoff.failed();
      owner.announce('reconnect', error);
      owner.guard(() => callback(error, owner.connection));
      // A listener or the callback may have dialled by itself.
      if (error && error !== SUPERSEDED && !host.isStopped && !host.attempt) this.askReconnector();
    };
    this.isAwaited = true;
    owner.announce('reconnectAttempt', transportName, ...dialArguments);
    // A listener may have closed the connection, or moved it by itself.
    if (host.isStopped || host.attempt !== attempt) done(SUPERSEDED);
    else host.redial(dialer, dialArguments, done, true);
  };

  private askReconnector(): void {
    const { host, reconnector } = this;
    const { owner } = host;
    if (reconnector) owner.guard(() => reconnector(owner.connection, this.reconnectFn));
    else {
      host.cancel();
      this.schedule.start();
    }
  }
}
