import { AsyncLocalStorage } from 'node:async_hooks';
import type { JstpContext } from '../jstp-context.js';

const running = new AsyncLocalStorage<HandshakeRun>();
const byContext = new WeakMap<JstpContext, HandshakeRun>();
/** The error that a run has just noted itself; Nest asks the filters about it next, in any async context. */
let notedError: { readonly value: unknown } | undefined;

/**
 * Follows one handshake through the guards, interceptors, pipes, handler and filters of Nest. Why: their result alone
 * does not show whether it is the handler's answer, or what a filter has made of an error.
 */
export class HandshakeRun {
  private outermost: object | undefined;
  private ownAnswer: { readonly value: unknown } | undefined;
  private outcome: { readonly value: unknown } | undefined;
  private error: { readonly value: unknown } | undefined;

  constructor(context: JstpContext) {
    byContext.set(context, this);
  }

  /** Returns the run of a context; undefined where the context is no handshake's. */
  static of(context: JstpContext): HandshakeRun | undefined {
    return byContext.get(context);
  }

  /** Whether what runs now is a part of a handshake. */
  static get isUnderWay(): boolean {
    return running.getStore() !== undefined;
  }

  /**
   * Notes an error before a filter gets it. The async context tells the run, which is right for what guards throw.
   * The error of an Observable may come in any async context; {@link noteError} has noted it before.
   */
  static noteErrorUnderWay(value: unknown): void {
    const noted = notedError;
    notedError = undefined;
    if (noted && Object.is(noted.value, value)) return;
    const run = running.getStore();
    if (run) run.error ??= { value };
  }

  /** Calls a function as a part of this run. */
  follow<T>(callback: () => T): T {
    return running.run(this, callback);
  }

  /** Notes the handler's own answer, before interceptors change it; of several answers the first. */
  noteAnswer(value: unknown): void {
    this.ownAnswer ??= { value };
  }

  /** Whether an interceptor is the outermost one of those that ask: the first one to ask is. */
  isOutermost(interceptor: object): boolean {
    this.outermost ??= interceptor;
    return this.outermost === interceptor;
  }

  /** Notes what the interceptors have made of the answer, before filters get it; of several values the first. */
  noteOutcome(value: unknown): void {
    this.outcome ??= { value };
  }

  /** Notes the error with which interceptors, pipes or the handler have failed, before a filter gets it. */
  noteError(value: unknown): void {
    this.error ??= { value };
    notedError = { value };
  }

  /** What a guard, an interceptor, a pipe or the handler has thrown; undefined where none has. */
  get thrown(): { readonly value: unknown } | undefined {
    return this.error;
  }

  /**
   * The handler's own answer; undefined where the handler was not asked, has not answered, or where no value has
   * passed the outermost interceptor: then the result is a filter's.
   */
  get answer(): { readonly value: unknown } | undefined {
    return this.outcome && this.ownAnswer;
  }
}
