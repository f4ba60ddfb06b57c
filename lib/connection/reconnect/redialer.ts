import {
  ERR_AUTH_FAILED,
  ERR_NOT_CONNECTED,
  ERR_SESSION_LOST,
  ERR_SESSION_TAKEN,
} from '../../protocol/error-codes.js';
import type { ByeReason } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import { ignore, popCallback } from '../../util/callback.js';
import { now } from '../../util/host.js';
import { startKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';
import { Attempt } from './attempt.js';
import { backoffMs } from './backoff.js';
import { runConnectPolicy } from '../handshake/connect-policy.js';
import type { AppSpecifier, Connection, ReconnectFunction } from '../connection.js';
import { NO_EXTENSIONS, type Extensions } from '../extensions.js';
import type { Reporter } from '../reporter.js';
import type { ResolvedClient } from '../resolved-client.js';
import type { Dialer, Dialers, Transport } from '../transport.js';

/** What a redialer asks of its connection. */
export interface RedialerOwner extends Pick<Reporter, 'announce' | 'guard'> {
  /** The connection that comes back. */
  readonly connection: Connection;
  readonly session: Session<Connection> | null;
  readonly extensions: Extensions;
  /** Whether the connection has ended. */
  readonly isClosed: boolean;
  /** Gives the transport away. */
  detach(): Transport | null;
  /** Uses a fresh transport; the handshake comes next. */
  attach(transport: Transport): void;
}

/** How a connection was dialled. */
export interface DialedAs {
  readonly app: AppSpecifier;
  readonly transportName: string;
  readonly args: readonly unknown[];
}

// A line that is lost sooner than this after it was made counts as an attempt that failed, but for the first.
const STABLE_AFTER_MS = 1000;

const SUPERSEDED = new RemoteError(ERR_NOT_CONNECTED, 'The attempt to connect was given up');

type Done = (error: unknown, connection?: Connection) => void;

/** Brings a client's connection back on a new link, at the reconnector's word or at the user's. */
export class Redialer {
  /** How many attempts have failed, or led to a short line, since the last line that lasted. */
  failures = 0;
  /** Whether the server has refused the session as gone: attempts log in, by the connect policy, to a new one. */
  isSessionLost = false;
  private isArmed = false;
  private isStopped = false;
  private isMoving = false;
  /** The old link was lost while another was dialled: that dial decides what comes of it. */
  private isLossPending = false;
  /** The attempt under way, whether it dials still, who takes its end, and whether the reconnector comes after it. */
  private attempt: Attempt | undefined;
  private isDialling = false;
  private finish: Done | undefined;
  private isByReconnector = false;
  /** Whether the reconnector would have brought the connection back, had the attempt under way not been made. */
  private isAwaited = false;
  private timer: Timer | undefined;
  private openedAt = 0;
  private shortLives = 0;

  constructor(
    private readonly owner: RedialerOwner,
    private readonly settings: ResolvedClient,
    private readonly dialers: Dialers,
    private readonly dialedAs: DialedAs,
  ) {}

  /** The connection is up: its next loss starts the reconnector. */
  arm(): void {
    // Whoever was told first may have closed it again.
    if (this.owner.isClosed) return;
    this.isArmed = true;
    this.isStopped = false;
    this.isSessionLost = false;
    this.isAwaited = false;
    this.openedAt = now();
  }

  /** Nothing is dialled any more, until `reconnect` is called by the user. */
  stop(): void {
    this.isStopped = true;
    this.isArmed = false;
    this.isAwaited = false;
    this.cancel();
  }

  /** The link is gone. */
  transportLost(): void {
    // The word holds for this loss alone.
    const { isMoving } = this;
    this.isMoving = false;
    if (!this.isArmed) return;
    this.isLossPending = this.isDialling;
    if (this.isLossPending) return;
    this.isArmed = false;
    this.countLife();
    // At once, but not again and again to servers that let us in and send us away.
    if (isMoving && this.failures === 0) this.reconnectFn();
    else this.askReconnector();
  }

  /**
   * After 'taken' another link has the session: coming back would only take it away again. After 'moved'
   * it is to come back at once.
   */
  peerSaidBye(reason: ByeReason): void {
    if (reason === 'taken') this.stop();
    this.isMoving = reason === 'moved';
  }

  /**
   * The server has refused to resume a session.
   * @returns whether it is lost
   */
  resumeRefused(error: unknown, { binding }: Session<Connection>): boolean {
    const code = error instanceof RemoteError ? error.code : undefined;
    // A peer that knows no extensions says no more than this of a session that it does not know.
    const isUnknown = code === ERR_AUTH_FAILED && !binding?.extensions.length;
    this.isSessionLost = code === ERR_SESSION_LOST || isUnknown;
    // The server is there: whoever logs in need not wait.
    if (this.isSessionLost) this.failures = 0;
    return this.isSessionLost;
  }

  /** Whether the reconnector is asked again if the attempt under way fails. */
  get isComingBack(): boolean {
    return this.isByReconnector;
  }

  /** Runs something later, unless dialling is stopped before. */
  private later(delayMs: number, callback: () => void): void {
    this.cancel();
    this.timer = startKeepAliveTimer(delayMs, () => {
      this.timer = undefined;
      if (!this.isStopped) callback();
    });
  }

  /**
   * Dials, moves the connection to the new link and resumes its session there; one that is lost is not asked for
   * again. Where the user's own attempt fails, the reconnector goes on with what that has interrupted.
   */
  redial(dialer: Dialer, args: readonly unknown[], done: Done, isByReconnector = false): void {
    this.isAwaited ||= this.isArmed || this.timer !== undefined || this.isByReconnector;
    this.cancel();
    if (this.attempt) {
      // Whoever was told of the end of the attempt before has begun a newer one.
      done(SUPERSEDED, this.owner.connection);
      return;
    }
    this.isStopped = false;
    this.isByReconnector = isByReconnector;
    if (isByReconnector) this.isAwaited = false;
    const attempt = new Attempt(this.settings);
    const finish: Done = (...outcome) => {
      // An attempt whose place another has taken was told so.
      if (this.attempt !== attempt) return;
      attempt.stop();
      this.attempt = undefined;
      this.finish = undefined;
      this.isByReconnector = false;
      done(...outcome);
      const [error] = outcome;
      if (error && error !== SUPERSEDED) this.goOnAfter();
    };
    this.attempt = attempt;
    this.finish = finish;
    this.isDialling = true;
    attempt.dial(dialer, args, (error, transport) => {
      const isLost = this.dialled();
      if (transport) this.moveTo(transport, attempt, finish);
      else {
        finish(error);
        if (isLost) this.transportLost();
      }
    });
  }

  private moveTo(transport: Transport, attempt: Attempt, finish: Done): void {
    const { owner, settings } = this;
    const { connection } = owner;
    attempt.shakeHands(() => {
      transport.destroy();
    });
    // The old link goes before the resume is written: what it still brings, the peer sends again.
    this.isArmed = false;
    const old = owner.detach();
    owner.attach(transport);
    const resume = (): void => {
      const session = this.isSessionLost ? null : owner.session;
      runConnectPolicy(settings.connectPolicy, this.dialedAs.app, connection, session, (failure) => {
        if (this.attempt !== attempt) return;
        if (!failure) this.arm();
        // Others have the session, and would only lose it to this one again.
        else if (isTaken(failure)) this.isStopped = true;
        finish(failure, connection);
      });
    };
    // The reference's server ends the new link of a session when it sees the old one close after the resume.
    const waits = old !== null && owner.extensions === NO_EXTENSIONS;
    if (waits) old.receiver = { receiveMessage: ignore, transportClosed: resume };
    old?.end();
    if (!waits) resume();
  }

  private readonly reconnectFn: ReconnectFunction = (...given) => {
    const { owner, dialedAs } = this;
    if (!this.mayDial()) return;
    const args = [...given];
    const callback = popCallback(args) ?? ignore;
    const named = typeof args[0] === 'string' ? this.dialers.get(args[0]) : undefined;
    const transportName = named ? (args.shift() as string) : dialedAs.transportName;
    const dialer = named ?? this.dialers.get(dialedAs.transportName);
    if (!dialer) return;
    const dialArguments = args.length > 0 ? args : dialedAs.args;
    const { attempt, isSessionLost } = this;
    const done: Done = (error) => {
      // To hear that the session is lost is the way to the next one.
      const isNews = this.isSessionLost && !isSessionLost;
      if (error && error !== SUPERSEDED && !isNews) this.failures += 1;
      owner.announce('reconnect', error);
      owner.guard(() => callback(error, owner.connection));
      // Nor where one of those has dialled by itself.
      if (error && error !== SUPERSEDED && !this.isStopped && !this.attempt) this.askReconnector();
    };
    this.isAwaited = true;
    owner.announce('reconnectAttempt', transportName, ...dialArguments);
    // A listener may have closed the connection, or moved it by itself.
    if (!this.mayDial() || this.attempt !== attempt) done(SUPERSEDED);
    else this.redial(dialer, dialArguments, done, true);
  };

  private mayDial(): boolean {
    return !this.isStopped;
  }

  private askReconnector(): void {
    const { owner, failures, isSessionLost } = this;
    const { reconnector } = this.settings;
    if (reconnector) owner.guard(() => reconnector(owner.connection, this.reconnectFn));
    else {
      this.later(backoffMs(failures, isSessionLost), () => {
        this.reconnectFn();
      });
    }
  }

  /** The user's attempt has failed. */
  private goOnAfter(): void {
    const { isAwaited, owner } = this;
    // Whoever was told may have begun the next one.
    if (this.attempt) return;
    this.isAwaited = false;
    // One that has its line still, or has ended, is not to be brought back.
    if (isAwaited && !this.isArmed && !this.isStopped && !owner.isClosed) this.askReconnector();
  }

  private countLife(): void {
    this.shortLives = now() - this.openedAt >= STABLE_AFTER_MS ? 0 : this.shortLives + 1;
    this.failures = Math.max(this.shortLives - 1, 0);
  }

  private cancel(): void {
    stopTimer(this.timer);
    this.timer = undefined;
    this.dialled();
    this.finish?.(SUPERSEDED, this.owner.connection);
  }

  /** No dial is under way any more; answers whether the old link was lost in it. */
  private dialled(): boolean {
    const isLost = this.isLossPending;
    this.isDialling = false;
    this.isLossPending = false;
    return isLost;
  }
}

function isTaken(failure: unknown): boolean {
  return failure instanceof RemoteError && failure.code === ERR_SESSION_TAKEN;
}
