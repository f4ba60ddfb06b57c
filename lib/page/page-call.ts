import { CallLimit } from '../connection/calls/call-limit.js';
import { TIMEOUT_ALLOWED, isTimeout } from '../connection/calls/limit-call.js';
import { allowMore, type StreamOptions } from '../connection/calls/open-stream.js';
import type { OutgoingCall } from '../connection/calls/outgoing-calls.js';
import type { Connection } from '../connection/connection.js';
import { isMoved, isNotRun, lostAnswer } from '../connection/keeper/answers.js';
import type { ConnectionKeeper } from '../connection/keeper/connection-keeper.js';
import { ERR_CALLBACK_LOST } from '../protocol/error-codes.js';
import { check, hasMethod, optional } from '../protocol/option-checks.js';
import type { RemoteError } from '../protocol/remote-error.js';
import type { Waiting } from './waiting-room.js';

/** What a call needs of its client. */
export interface PageCaller {
  readonly keeper: Pick<ConnectionKeeper, 'carrier' | 'hasLeft' | 'cancel'>;
  /** Lets it wait for a connection, or fails it. */
  wait(waiting: Waiting): void;
  /** It waits no longer. */
  forget(waiting: Waiting): void;
}

/** Gets what becomes of a call: values of a stream, and its end, once. */
export interface CallOutcome {
  /** The value of a stream; undefined: the last one is the result. */
  readonly onItem?: ((value: unknown) => void) | undefined;
  /** How many values wait for their reader; undefined: they are taken as they come. */
  readonly backlog?: (() => number) | undefined;
  succeed(results: unknown[]): void;
  fail(error: unknown): void;
}

/** A call, on one connection after the other until a server has run it: its time counts from the beginning. */
export class PageCall implements Waiting {
  private readonly limit: CallLimit | undefined;
  private isOver = false;
  private sent: { readonly call: OutgoingCall; readonly on: Connection } | undefined;

  /** @throws ConfigurationError for a timeout or a signal that is none */
  constructor(
    private readonly caller: PageCaller,
    private readonly interfaceName: string,
    private readonly method: string,
    readonly args: unknown[],
    private readonly options: StreamOptions,
    private readonly outcome: CallOutcome,
  ) {
    const { timeout, signal } = options;
    check('timeout', timeout, TIMEOUT_ALLOWED, optional(isTimeout));
    check('signal', signal, 'an AbortSignal', optional(hasMethod('addEventListener')));
    if (timeout || signal) {
      this.limit = new CallLimit({ timeout: timeout || undefined, signal }, (error) => {
        this.cancel(error);
        outcome.fail(error);
      });
      if (this.limit.isOverAtOnce) return;
    }
    this.begin();
  }

  /** The reader of a stream has asked for a value. */
  askForMore(): void {
    if (this.sent) allowMore(this.sent.on, this.sent.call);
  }

  /** Nobody waits for it any more. */
  cancel(reason?: RemoteError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.limit?.stop();
    if (this.sent) this.caller.keeper.cancel(this.sent.call, this.sent.on, reason);
    else this.caller.forget(this);
  }

  send(on: Connection): void {
    const { outcome } = this;
    const { metadata, onReplyMetadata } = this.options;
    const { remainingMs } = this.limit ?? {};
    const call = on.startCall(
      this.interfaceName,
      this.method,
      this.args,
      (error, results) => {
        this.answered(on, error, results as unknown[]);
      },
      {
        onItem: outcome.onItem,
        takesArray: true,
        metadata: remainingMs === undefined ? metadata : { ...metadata, timeout: Math.ceil(remainingMs) },
        onReplyMetadata,
      },
    );
    if (outcome.backlog) call.backlog = outcome.backlog;
    this.sent = { call, on };
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.limit?.stop();
    this.outcome.fail(error);
  }

  private begin(): void {
    this.sent = undefined;
    const { carrier } = this.caller.keeper;
    if (carrier) this.send(carrier);
    else this.caller.wait(this);
  }

  private answered(on: Connection, error: unknown, results: unknown[]): void {
    if (this.isOver) return;
    if (
      error &&
      (isMoved(error, this.args) || (isNotRun(error, this.args) && this.caller.keeper.hasLeft(on)))
    )
      this.begin();
    else if (error)
      this.fail(error === ERR_CALLBACK_LOST ? lostAnswer(this.interfaceName, this.method) : error);
    else {
      this.isOver = true;
      this.limit?.stop();
      this.outcome.succeed(results);
    }
  }
}
