import {
  ERR_AUTH_FAILED,
  ERR_NOT_CONNECTED,
  ERR_SESSION_LOST,
  ERR_SESSION_TAKEN,
} from '../../protocol/error-codes.js';
import type { ByeReason } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Session } from '../../session/session.js';
import { ignore, type Callback } from '../../util/callback.js';
import { Attempt } from './attempt.js';
import type { Comeback, ComebackHost, DialedAs } from './comeback.js';
import { runConnectPolicy } from '../handshake/connect-policy.js';
import type { Connection } from '../connection.js';
import { NO_EXTENSIONS, type Extensions } from '../extensions.js';
import { observeConnect } from '../observing/observe-connect.js';
import type { Reporter } from '../reporter.js';
import type { ResolvedClient } from '../resolved-client.js';
import type { Dialer, Transport } from '../transport.js';

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

/** The error of an attempt that another one has replaced. */
export const SUPERSEDED = new RemoteError(ERR_NOT_CONNECTED, 'The attempt to connect was given up');

type Done = Callback;

/** Brings a client's connection back on a new transport: when the user says so, or its {@link Comeback} does. */
export class Redialer implements ComebackHost {
  /** Undefined: only the user does. */
  private readonly comeback: Comeback | undefined;
  isSessionLost = false;
  /** Whether the loss of the transport is the comeback's business. */
  private isArmed = false;
  isStopped = false;
  /** Whether the server has said that its client is to come back at once. */
  private isMoving = false;
  /** Whether the old transport was lost while another was dialled: that dial decides what becomes of it. */
  private isLossPending = false;
  attempt: Attempt | undefined;
  /** Whether it has no transport yet. */
  private isDialling = false;
  /** Ends it. */
  private finish: Done | undefined;

  constructor(
    readonly owner: RedialerOwner,
    private readonly settings: ResolvedClient,
    readonly dialedAs: DialedAs,
  ) {
    this.comeback = settings.createComeback?.(this);
  }

  /** The handshake is done: the next loss of the transport is the comeback's business. */
  arm(): void {
    // A listener may have closed the connection.
    if (this.owner.isClosed) return;
    this.isArmed = true;
    this.isStopped = false;
    this.isSessionLost = false;
    this.comeback?.connected();
  }

  /** Nothing is dialled any more, until `reconnect` is called by the user. */
  stop(): void {
    this.isStopped = true;
    this.isArmed = false;
    this.comeback?.stop();
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
    this.comeback?.lost(isMoving);
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
    if (this.isSessionLost) this.comeback?.sessionLost();
    return this.isSessionLost;
  }

  /** Whether the next attempt comes by itself if the one under way fails. */
  get isComingBack(): boolean {
    return this.comeback?.isTrying === true;
  }

  /**
   * Dials, moves the connection to the new transport and resumes its session there; a session that is lost is not asked
   * for again. Where an attempt of the user fails, the comeback goes on with what that has interrupted.
   */
  redial(dialer: Dialer, args: readonly unknown[], done: Done, isOwn = false): void {
    observeConnect(this.dialedAs.app, this.owner.connection, done, (observed) => {
      this.attemptAgain(dialer, args, observed, isOwn);
    });
  }

  private attemptAgain(dialer: Dialer, args: readonly unknown[], done: Done, isOwn: boolean): void {
    this.comeback?.interrupted(this.isArmed);
    this.cancel();
    if (this.attempt) {
      // A callback that was told of the end of the attempt before has begun a newer one.
      done(SUPERSEDED, this.owner.connection);
      return;
    }
    this.isStopped = false;
    this.comeback?.begun(isOwn);
    const attempt = new Attempt(this.settings);
    const finish: Done = (...outcome) => {
      // An attempt that another has replaced was told so.
      if (this.attempt !== attempt) return;
      attempt.stop();
      this.attempt = undefined;
      this.finish = undefined;
      this.comeback?.ended();
      done(...outcome);
      const [error] = outcome;
      if (error && error !== SUPERSEDED) this.failed();
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

  private failed(): void {
    // A callback may have begun the next one.
    if (this.attempt) return;
    // A connection that still has its transport, or has ended, is not to be brought back.
    const isMissed = !this.isArmed && !this.isStopped && !this.owner.isClosed;
    this.comeback?.failed(isMissed);
  }

  cancel(): void {
    this.comeback?.callOff();
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
