import { takeWhile, type Observable, type Subscription } from 'rxjs';
import type { OutgoingStream } from '../../application/incoming-call.js';
import { isAsyncIterable } from '../../util/pump.js';
import type { Answering, NestCall } from './answering.js';
import { INTERNAL_SERVER_ERROR } from '../constants.js';
import { attachFlow } from './iterable-flow.js';

const NOTHING = Symbol('nothing');

const ITERABLE_IN_OBSERVABLE =
  'The value of an Observable is an async iterable, whose own values no interceptor has seen. ' +
  'Return the iterable itself from the handler, or make an Observable of its values: from(iterable)';

/** What the answer of an Observable needs, besides the call. */
export interface AnswerContext {
  readonly answering: Answering;
  /** Answers with the only value of a source, which may itself be an Observable. */
  settle(call: NestCall, value: unknown, onEnd: (() => void) | undefined): void;
  /** Reports what went wrong with an answer. */
  readonly report: (error: unknown) => void;
}

/**
 * Answers a call with the values of an Observable, as they come. The first value waits for the end of the tick; if the
 * Observable has completed by then, the value is a plain result. Why: under an interceptor, every result is an
 * Observable of one value.
 */
export class ObservableAnswer {
  private held: unknown = NOTHING;
  private stream: OutgoingStream | undefined;
  private subscription: Subscription | undefined;
  private isOver = false;

  /**
   * @param call the call
   * @param context how to answer
   * @param onEnd called when the source has ended by itself, or was unsubscribed from
   */
  constructor(
    private readonly call: NestCall,
    private readonly context: AnswerContext,
    private onEnd: (() => void) | undefined,
  ) {}

  /** Subscribes to the source. */
  start(source: Observable<unknown>): void {
    // Why `takeWhile`: a source that emits while it is subscribed to cannot be unsubscribed from yet.
    this.subscription = source.pipe(takeWhile(() => !this.isOver)).subscribe({
      next: (value) => {
        this.next(value);
      },
      error: (error: unknown) => {
        this.fail(error);
      },
      complete: () => {
        this.complete();
      },
    });
    this.watch();
  }

  private watch(): void {
    if (this.isOver) {
      this.subscription?.unsubscribe();
      return;
    }
    const { signal } = this.call;
    if (signal.aborted || !this.call.isOpen) this.stop();
    else signal.addEventListener('abort', this.stop, { once: true });
  }

  private next(value: unknown): void {
    if (!this.stream && this.held === NOTHING) {
      this.held = value;
      queueMicrotask(this.flush);
    } else this.write(this.stream ?? this.openStream(), value);
  }

  private complete(): void {
    if (!this.finish()) return;
    if (this.stream) this.stream.end();
    else if (isIterable(this.held)) this.refuseIterable();
    else {
      // Why `onEnd` is handed on: the only value may be an Observable, whose end comes later.
      const { onEnd } = this;
      this.onEnd = undefined;
      this.context.settle(this.call, this.held === NOTHING ? undefined : this.held, onEnd);
    }
    this.onEnd?.();
  }

  /**
   * Refuses an async iterable as a value. Why: its values have not passed the interceptors, which may hide something.
   */
  private refuseIterable(): void {
    this.context.report(new Error(ITERABLE_IN_OBSERVABLE));
    this.context.answering.error(this.call, INTERNAL_SERVER_ERROR);
  }

  private fail(error: unknown): void {
    this.flush();
    if (!this.finish()) return;
    if (this.stream) this.stream.fail(error);
    else this.context.answering.error(this.call, error);
    this.onEnd?.();
  }

  private readonly flush = (): void => {
    if (this.isOver || this.stream || this.held === NOTHING) return;
    this.openStream();
  };

  /** Starts to stream, with the value that is held. */
  private openStream(): OutgoingStream {
    const stream = this.context.answering.stream(this.call);
    this.stream = stream;
    attachFlow(this.call, stream);
    this.write(stream, this.held);
    return stream;
  }

  private write(stream: OutgoingStream, value: unknown): void {
    if (this.isOver) return;
    if (isIterable(value)) {
      this.context.report(new Error(ITERABLE_IN_OBSERVABLE));
      stream.fail(INTERNAL_SERVER_ERROR);
      this.end();
      return;
    }
    try {
      stream.write(value);
      // A value that could not be sent has answered the call with an error.
      if (!this.call.isOpen) this.end();
    } catch (error) {
      this.context.report(error);
      if (this.call.isOpen) stream.fail(INTERNAL_SERVER_ERROR);
      this.end();
    }
  }

  /** Ends the source, as the caller no longer waits. */
  private readonly stop = (): void => {
    const { call } = this;
    if (!this.finish()) return;
    this.subscription?.unsubscribe();
    // The call's time ran out. The caller is told, in case it still waits. Last: the call counts until then.
    call.fail(call.signal.reason);
    this.onEnd?.();
  };

  private end(): void {
    if (!this.finish()) return;
    this.subscription?.unsubscribe();
    this.onEnd?.();
  }

  /** Marks the answer as over. @returns whether it was not over before */
  private finish(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    return true;
  }
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && isAsyncIterable(value);
}
