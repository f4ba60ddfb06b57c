import { ERR_NOT_CONNECTED, ERR_SESSION_TAKEN } from '../protocol/error-codes.js';
import type { ByeReason } from '../protocol/message.js';
import { RemoteError } from '../protocol/remote-error.js';
import { ignore, takeCallback } from '../util/callback.js';
import { startKeepAliveTimer, stopTimer, type Timer } from '../util/timer.js';
import type { AppSpecifier, ReconnectFunction, ResolvedClient } from './client-options.js';
import { runConnectPolicy } from './connect-policy.js';
import type { Connection } from './connection.js';
import { NO_EXTENSIONS } from './extensions.js';
import type { Dialer, Dialers } from './transport.js';

/** How a connection was dialled. */
export interface DialedAs {
  readonly app: AppSpecifier;
  readonly transportName: string;
  readonly args: readonly unknown[];
}

const SUPERSEDED = new RemoteError(ERR_NOT_CONNECTED, 'The attempt to connect was given up');

type Done = (error: unknown, connection?: Connection) => void;

/** Brings a client's connection back on a new link, at the reconnector's word or at the user's. */
export class Redialer {
  private isArmed = false;
  private isStopped = false;
  private isMoving = false;
  private isDialling = false;
  /** The old link was lost while another was dialled: that dial decides what comes of it. */
  private isLossPending = false;
  private giveUp: () => void = ignore;
  /** Takes the end of the attempt under way. */
  private finish: Done | undefined;
  private timer: Timer | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly settings: ResolvedClient,
    private readonly dialers: Dialers,
    private readonly dialedAs: DialedAs,
  ) {}

  /** The connection is up: its next loss starts the reconnector. */
  arm(): void {
    this.isArmed = true;
    this.isStopped = false;
  }

  /** Nothing is dialled any more, until `reconnect` is called by the user. */
  stop(): void {
    this.isStopped = true;
    this.isArmed = false;
    this.cancel();
  }

  /** The link is gone. */
  linkLost(): void {
    // The word holds for this loss alone.
    const { isMoving } = this;
    this.isMoving = false;
    if (!this.isArmed) return;
    this.isLossPending = this.isDialling;
    if (this.isLossPending) return;
    this.isArmed = false;
    if (isMoving) this.reconnectFn();
    else this.settings.reconnector(this.connection, this.reconnectFn);
  }

  /**
   * After 'taken' another link has the session: coming back would only take it away again. After 'moved'
   * it is to come back at once.
   */
  peerSaidBye(reason: ByeReason): void {
    if (reason === 'taken') this.stop();
    this.isMoving = reason === 'moved';
  }

  /** Runs something later, unless dialling is stopped before. */
  later(delayMs: number, callback: () => void): void {
    this.cancel();
    this.timer = startKeepAliveTimer(delayMs, () => {
      this.timer = undefined;
      if (!this.isStopped) callback();
    });
  }

  /** Dials, moves the connection to the new link and resumes its session there. */
  redial(dialer: Dialer, args: readonly unknown[], done: Done): void {
    const { connection, settings } = this;
    this.cancel();
    this.isStopped = false;
    const finish: Done = (...outcome) => {
      // An attempt whose place another has taken was told so.
      if (this.finish !== finish) return;
      this.finish = undefined;
      done(...outcome);
    };
    this.finish = finish;
    this.isDialling = true;
    this.giveUp = dialer.dial(args, settings.limits, (error, transport) => {
      const isLost = this.dialled();
      if (!transport) {
        finish(error);
        if (isLost) this.linkLost();
        return;
      }
      // The old link goes before the resume is written: what it still brings, the peer sends again.
      this.isArmed = false;
      const old = connection.detach();
      connection.attach(transport);
      const resume = (): void => {
        runConnectPolicy(
          settings.connectPolicy,
          this.dialedAs.app,
          connection,
          connection.session,
          (failure) => {
            if (!failure) this.arm();
            // Others have the session, and would only lose it to this one again.
            else if (isTaken(failure)) this.isStopped = true;
            finish(failure, connection);
          },
        );
      };
      // The reference's server ends the new link of a session when it sees the old one close after the resume.
      const waits = old !== null && connection.extensions === NO_EXTENSIONS;
      if (waits) old.receiver = { receiveMessage: ignore, transportClosed: resume };
      old?.end();
      if (!waits) resume();
    });
  }

  private readonly reconnectFn: ReconnectFunction = (...given) => {
    const { connection, dialedAs } = this;
    if (this.isStopped) return;
    const args = [...given];
    const callback = takeCallback(args) ?? ignore;
    const named = typeof args[0] === 'string' ? this.dialers.get(args[0]) : undefined;
    const transportName = named ? (args.shift() as string) : dialedAs.transportName;
    const dialer = named ?? this.dialers.get(dialedAs.transportName);
    if (!dialer) return;
    const dialArguments = args.length > 0 ? args : dialedAs.args;
    connection.emit('reconnectAttempt', transportName, ...dialArguments);
    this.redial(dialer, dialArguments, (error) => {
      connection.emit('reconnect', error);
      callback(error, connection);
      if (error && error !== SUPERSEDED && !this.isStopped)
        this.settings.reconnector(connection, this.reconnectFn);
    });
  };

  private cancel(): void {
    stopTimer(this.timer);
    this.timer = undefined;
    this.giveUp();
    this.dialled();
    this.finish?.(SUPERSEDED, this.connection);
  }

  /** No dial is under way any more; answers whether the old link was lost in it. */
  private dialled(): boolean {
    const isLost = this.isLossPending;
    this.giveUp = ignore;
    this.isDialling = false;
    this.isLossPending = false;
    return isLost;
  }
}

function isTaken(failure: unknown): boolean {
  return failure instanceof RemoteError && failure.code === ERR_SESSION_TAKEN;
}
