import { AsyncLocalStorage } from 'node:async_hooks';
import type { JstpContext } from '../jstp-context.js';

const running = new AsyncLocalStorage<HandshakeRun>();
const byContext = new WeakMap<JstpContext, HandshakeRun>();
/** Errors that were seen outside of every run: nobody knows whose they are. */
let strayErrors = 0;

/**
 * One handshake on its way through the guards, interceptors, pipes, handler and filters of Nest. What comes out of
 * them does not tell whether the handler said it, or a filter made it of an error: this does.
 */
export class HandshakeRun {
  private ownAnswer: { readonly value: unknown } | undefined;
  private error: { readonly value: unknown } | undefined;
  private readonly strayErrorsBefore = strayErrors;

  constructor(context: JstpContext) {
    byContext.set(context, this);
  }

  /** The run of a context; undefined for one that is no handshake's. */
  static of(context: JstpContext): HandshakeRun | undefined {
    return byContext.get(context);
  }

  /** Takes an error, of whichever run is under way, before a filter gets it. */
  static noteError(value: unknown): void {
    const run = running.getStore();
    if (run) run.error ??= { value };
    else strayErrors += 1;
  }

  /** Calls a function as a part of this run. */
  follow<T>(callback: () => T): T {
    return running.run(this, callback);
  }

  /** Takes the handler's own answer, of several the first, before interceptors change it. */
  noteAnswer(value: unknown): void {
    this.ownAnswer ??= { value };
  }

  /** What a guard, an interceptor, a pipe or the handler has thrown; undefined where nobody has. */
  get thrown(): { readonly value: unknown } | undefined {
    return this.error;
  }

  /** The handler's own answer; undefined where it was not asked, or has not answered. */
  get answer(): { readonly value: unknown } | undefined {
    return this.ownAnswer;
  }

  /** Whether an error was seen meanwhile that may have been this run's. */
  get isDoubtful(): boolean {
    return this.strayErrorsBefore !== strayErrors;
  }
}
