import { ignore } from '../../util/callback.js';

/** What fills a {@link ValueQueue}. */
export interface QueueFeed {
  /** The reader has asked for a value: it has taken one, or waits for the next. @param hasTaken whether it has taken one */
  asked(hasTaken: boolean): void;
  /** The reader has asked behind the last value. */
  sawEnd?(): void;
  /** The reader leaves before the end. Called once at most, and not behind the end. */
  left(): void;
}

interface Reader<T> {
  readonly step: Promise<IteratorResult<T, undefined>>;
  resolve(step: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** Values between a peer that sends them and a reader that takes them one by one. */
export class ValueQueue<T> {
  private values: T[] = [];
  /** Those who have asked while there was no value. Invariant: there are none while there are values. */
  private readers: Reader<T>[] = [];
  private isOver = false;
  /** What the reader gets behind the last value; undefined: nothing but the end. */
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly feed: QueueFeed) {}

  /** How many values wait for the reader. */
  get size(): number {
    return this.values.length;
  }

  /** Whether the reader waits for a value. */
  get isAwaited(): boolean {
    return this.readers.length > 0;
  }

  /** Whether nothing more can be added: it has ended, or the reader has left. */
  get isClosed(): boolean {
    return this.isOver;
  }

  /** Adds a value. */
  push(value: T): void {
    if (this.isOver) return;
    const reader = this.readers.shift();
    if (reader) reader.resolve({ done: false, value });
    else this.values.push(value);
  }

  /** Ends it: the reader gets what waits, then the end. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.finishReaders();
  }

  /** The same, with an error in the place of the end. */
  fail(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    const reader = this.readers.shift();
    if (reader) {
      // Why: one who has asked and looks away must not end the process when a peer fails.
      reader.step.catch(ignore);
      reader.reject(error);
    } else this.failure = { error };
    this.finishReaders();
  }

  /** Drops what waits: the reader gets an error at once. Where all has come, he may read it to its end. */
  abort(error: unknown): void {
    if (this.isOver) return;
    this.values = [];
    this.fail(error);
  }

  /** The next value, when there is one. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.values.length > 0) {
      const step = { done: false as const, value: this.values.shift() as T };
      this.feed.asked(true);
      return Promise.resolve(step);
    }
    if (this.isOver) {
      this.feed.sawEnd?.();
      return this.lastStep();
    }
    const reader = withResolvers<IteratorResult<T, undefined>>();
    this.readers.push(reader);
    this.feed.asked(false);
    return reader.step;
  }

  /** The reader wants nothing more. */
  leave(): void {
    this.values = [];
    this.failure = undefined;
    if (this.isOver) return;
    this.isOver = true;
    this.finishReaders();
    this.feed.left();
  }

  private lastStep(): Promise<IteratorResult<T, undefined>> {
    const { failure } = this;
    this.failure = undefined;
    // Why not `Promise.reject` for errors alone: the core's -1 is a number, as in each of its outcomes.
    return failure
      ? new Promise((_resolve, reject: (error: unknown) => void) => reject(failure.error))
      : Promise.resolve(DONE);
  }

  private finishReaders(): void {
    for (const reader of this.readers.splice(0)) reader.resolve(DONE);
  }
}

function withResolvers<Step>(): {
  step: Promise<Step>;
  resolve(step: Step): void;
  reject(error: unknown): void;
} {
  let settle: [(step: Step) => void, (error: unknown) => void] = [ignore, ignore];
  const step = new Promise<Step>((...functions) => {
    settle = functions;
  });
  return { step, resolve: settle[0], reject: settle[1] };
}
