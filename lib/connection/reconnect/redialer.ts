import {
  ERR_AUTH_FAILED,
  ERR_NOT_CONNECTED,
  ERR_SESSION_LOST,
  ERR_SESSION_TAKEN,
} from '../../protocol/error-codes.js';
import type { ByeReason } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import { ignore, popCallback, type Callback } from '../../util/callback.js';
import { Attempt } from './attempt.js';
import { Backoff } from './backoff.js';
import { ReconnectSchedule } from './schedule.js';
import { runConnectPolicy } from '../handshake/connect-policy.js';
import type { AppSpecifier, Connection, ReconnectFunction } from '../connection.js';
import { NO_EXTENSIONS, type Extensions } from '../extensions.js';
import { observeConnect } from '../observing/observe-connect.js';
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

const SUPERSEDED = new RemoteError(ERR_NOT_CONNECTED, 'The attempt to connect was given up');

type Done = Callback;

/**
 * Brings a client's connection back on a new transport: when the user says so, when the user's reconnector does or, where
 * there is none, by a schedule of its own.
 */
export class Redialer {
  private readonly backoff = new Backoff();
  private readonly schedule = new ReconnectSchedule(this.backoff, () => {
    this.reconnectFn();
  });
  /** Whether the server has refused the session as lost: attempts log in, by the connect policy, to a new one. */
  private isSessionLost = false;
  /** Whether the loss of the transport starts the reconnector. */
  private isArmed = false;
  private isStopped = false;
  /** Whether the server has said that its client is to come back at once. */
  private isMoving = false;
  /** Whether the old transport was lost while another was dialled: that dial decides what becomes of it. */
  private isLossPending = false;
  /** The attempt under way. */
  private attempt: Attempt | undefined;
  /** Whether it has no transport yet. */
  private isDialling = false;
  /** Ends it. */
  private finish: Done | undefined;
  /** Whether the reconnector has made it, and makes the next one if it fails. */
  private isByReconnector = false;
  /** Whether the reconnector would have brought the connection back, had the attempt under way not been made. */
  private isAwaited = false;

  constructor(
    private readonly owner: RedialerOwner,
    private readonly settings: ResolvedClient,
    private readonly dialers: Dialers,
    private readonly dialedAs: DialedAs,
  ) {}

  /** The handshake is done: the next loss of the transport starts the reconnector. */
  arm(): void {
    // A listener may have closed the connection.
    if (this.owner.isClosed) return;
    this.isArmed = true;
    this.isStopped = false;
    this.isSessionLost = false;
    this.isAwaited = false;
    this.backoff.connected();
  }

  /** Nothing is dialled any more, until `reconnect` is called by the user. */
  stop(): void {
    this.isStopped = true;
    this.isArmed = false;
    this.isAwaited = false;
    this.cancel();
  }

  /** The transport is lost. */
  transportLost(): void {
    // A bye holds for the loss that follows it.
    const { isMoving } = this;
    this.isMoving = false;
    if (!this.isArmed) return;
    this.isLossPending = this.isDialling;
    if (this.isLossPending) return;
    this.isArmed = false;
    this.backoff.lost();
    // At once, but not again and again to servers that let the client in and send it away.
    if (isMoving && this.backoff.isFresh) this.reconnectFn();
    else this.askReconnector();
  }

  /**
   * The peer ends the transport on purpose. After 'taken' another connection has the session, and coming back would only
   * take it away again. After 'moved' the client is to come back at once.
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
    // A peer without extensions has no other code for a session that it does not know.
    const isUnknown = code === ERR_AUTH_FAILED && !binding?.extensions.length;
    this.isSessionLost = code === ERR_SESSION_LOST || isUnknown;
    if (this.isSessionLost) this.backoff.sessionLost();
    return this.isSessionLost;
  }

  /** Whether the reconnector is asked again if the attempt under way fails. */
  get isComingBack(): boolean {
    return this.isByReconnector;
  }

  /**
   * Dials, moves the connection to the new transport and resumes its session there; a session that is lost is not asked
   * for again. Where an attempt of the user fails, the reconnector goes on with what that has interrupted.
   */
  redial(dialer: Dialer, args: readonly unknown[], done: Done, isByReconnector = false): void {
    observeConnect(this.dialedAs.app, this.owner.connection, done, (observed) => {
      this.attemptAgain(dialer, args, observed, isByReconnector);
    });
  }

  private attemptAgain(dialer: Dialer, args: readonly unknown[], done: Done, isByReconnector: boolean): void {
    this.isAwaited ||= this.isArmed || this.schedule.isWaiting || this.isByReconnector;
    this.cancel();
    if (this.attempt) {
      // A callback that was told of the end of the attempt before has begun a newer one.
      done(SUPERSEDED, this.owner.connection);
      return;
    }
    this.isStopped = false;
    this.isByReconnector = isByReconnector;
    if (isByReconnector) this.isAwaited = false;
    const attempt = new Attempt(this.settings);
    const finish: Done = (...outcome) => {
      // An attempt that another has replaced was told so.
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
    // The old transport goes before the resume is written: the peer sends again what it still brings.
    this.isArmed = false;
    const old = owner.detach();
    owner.attach(transport);
    const resume = (): void => {
      const session = this.isSessionLost ? null : owner.session;
      runConnectPolicy(settings.connectPolicy, this.dialedAs.app, connection, session, (failure) => {
        if (this.attempt !== attempt) return;
        if (!failure) this.arm();
        // Another client has the session, and would only lose it to this one again.
        else if (isTaken(failure)) this.isStopped = true;
        finish(failure, connection);
      });
    };
    // The reference's server ends a session's new transport when it sees the old one close after the resume.
    const waits = old !== null && owner.extensions === NO_EXTENSIONS;
    if (waits) old.receiver = { receiveMessage: ignore, transportClosed: resume };
    old?.end();
    if (!waits) resume();
  }

  private readonly reconnectFn: ReconnectFunction = (...given) => {
    const { owner, dialedAs, isStopped } = this;
    if (isStopped) return;
    const args = [...given];
    const callback = popCallback(args) ?? ignore;
    const named = typeof args[0] === 'string' ? this.dialers.get(args[0]) : undefined;
    const transportName = named ? (args.shift() as string) : dialedAs.transportName;
    const dialer = named ?? this.dialers.get(dialedAs.transportName);
    if (!dialer) return;
    const dialArguments = args.length > 0 ? args : dialedAs.args;
    const { attempt, isSessionLost } = this;
    const done: Done = (error) => {
      // An attempt that has found out that the session is lost has not failed: the next one logs in.
      const isNews = this.isSessionLost && !isSessionLost;
      if (error && error !== SUPERSEDED && !isNews) this.backoff.failed();
      owner.announce('reconnect', error);
      owner.guard(() => callback(error, owner.connection));
      // A listener or the callback may have dialled by itself.
      if (error && error !== SUPERSEDED && !this.isStopped && !this.attempt) this.askReconnector();
    };
    this.isAwaited = true;
    owner.announce('reconnectAttempt', transportName, ...dialArguments);
    // A listener may have closed the connection, or moved it by itself.
    if (this.isStopped || this.attempt !== attempt) done(SUPERSEDED);
    else this.redial(dialer, dialArguments, done, true);
  };

  private askReconnector(): void {
    const { owner } = this;
    const { reconnector } = this.settings;
    if (reconnector) owner.guard(() => reconnector(owner.connection, this.reconnectFn));
    else {
      this.cancel();
      this.schedule.start();
    }
  }

  /** The user's attempt has failed. */
  private goOnAfter(): void {
    const { isAwaited, owner } = this;
    // A callback may have begun the next one.
    if (this.attempt) return;
    this.isAwaited = false;
    // A connection that still has its transport, or has ended, is not to be brought back.
    if (isAwaited && !this.isArmed && !this.isStopped && !owner.isClosed) this.askReconnector();
  }

  private cancel(): void {
    this.schedule.stop();
    this.dialled();
    this.finish?.(SUPERSEDED, this.owner.connection);
  }

  /** Notes that no dial is under way. @returns whether the old transport was lost during it */
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
