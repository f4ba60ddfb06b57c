import { AsyncLocalStorage } from 'node:async_hooks';
import type { JstpContext } from '../jstp-context.js';

const running = new AsyncLocalStorage<HandshakeRun>();
const byContext = new WeakMap<JstpContext, HandshakeRun>();
/** The error that a run has just taken itself: the filters are asked about it next, in whatever async context. */
let takenError: { readonly value: unknown } | undefined;

/**
 * One handshake on its way through the guards, interceptors, pipes, handler and filters of Nest. What comes out of
 * them does not tell whether the handler said it, or a filter made it of an error: this does.
 */
export class HandshakeRun {
  private outermost: object | undefined;
  private ownAnswer: { readonly value: unknown } | undefined;
  private outcome: { readonly value: unknown } | undefined;
  private error: { readonly value: unknown } | undefined;

  constructor(context: JstpContext) {
    byContext.set(context, this);
  }

  /** The run of a context; undefined for one that is no handshake's. */
  static of(context: JstpContext): HandshakeRun | undefined {
    return byContext.get(context);
  }

  /**
   * Takes an error before a filter gets it. Whose it is, is told by the async context: that is right for what guards
   * throw. What an Observable fails with may come from anywhere, and was taken by {@link noteError} before.
   */
  static noteErrorUnderWay(value: unknown): void {
    const taken = takenError;
    takenError = undefined;
    if (taken && Object.is(taken.value, value)) return;
    const run = running.getStore();
    if (run) run.error ??= { value };
  }

  /** Calls a function as a part of this run. */
  follow<T>(callback: () => T): T {
    return running.run(this, callback);
  }

  /** Takes the handler's own answer, of several the first, before interceptors change it. */
  noteAnswer(value: unknown): void {
    this.ownAnswer ??= { value };
  }

  /** Whether an interceptor is the outermost of those that ask: the first one that asks is. */
  isOutermost(interceptor: object): boolean {
    this.outermost ??= interceptor;
    return this.outermost === interceptor;
  }

  /** Takes what the interceptors have made of the answer, of several the first, before filters see anything. */
  noteOutcome(value: unknown): void {
    this.outcome ??= { value };
  }

  /** Takes the error with which interceptors, pipes or the handler have failed, before a filter gets it. */
  noteError(value: unknown): void {
    this.error ??= { value };
    takenError = { value };
  }

  /** What a guard, an interceptor, a pipe or the handler has thrown; undefined where nobody has. */
  get thrown(): { readonly value: unknown } | undefined {
    return this.error;
  }

  /**
   * The handler's own answer; undefined where it was not asked, has not answered, or where the interceptors have let
   * nothing out: then what came out is a filter's.
   */
  get answer(): { readonly value: unknown } | undefined {
    return this.outcome && this.ownAnswer;
  }
}
