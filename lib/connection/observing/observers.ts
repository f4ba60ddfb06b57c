import type { WrittenMessage } from '../../protocol/attached-message.js';
import type { Moment } from '../../util/turn-clock.js';
import type { Observation } from '../../util/observation.js';
import type { Operation, OperationKind } from './operations.js';

/** Follows one operation for an observer. */
export interface Follower {
  /** Runs it, in an async context of the observer's. @default it is simply run */
  run?<T>(run: () => T): T;
  /** A message was sent for it: the answer of a call that is served, or a value of a stream. */
  sent?(message: WrittenMessage): void;
  /** It has ended: its `code` and `error` tell how. */
  end(): void;
}

/** Tells whether an observer wants to know of one kind of operations now. Node's tracing channels are such. */
export interface Interest {
  /** Asked before each operation: it must cost nothing. */
  readonly hasSubscribers: boolean;
}

/**
 * Observes what this process does, on all of its connections. What it throws fails what is observed, so it must not
 * throw.
 */
export interface Observer {
  /** Its interest in a kind of operations; true and false are for good. Asked once, when the observer is added. */
  interestIn(kind: OperationKind): Interest | boolean;
  /** An operation begins. @returns undefined: it is not followed */
  begin(operation: Operation): Follower | undefined;
}

const ALWAYS: Interest = { hasSubscribers: true };

/** Who observes one kind of operations. */
class Watch {
  private watchers: readonly { readonly observer: Observer; readonly interest: Interest }[] = [];

  constructor(private readonly kind: OperationKind) {}

  /** Whether anybody wants to know of them now. Why it is asked first: nothing is made for nobody. */
  get isOn(): boolean {
    for (const { interest } of this.watchers) if (interest.hasSubscribers) return true;
    return false;
  }

  add(observer: Observer): void {
    const interest = observer.interestIn(this.kind);
    if (interest === false || this.watchers.some((other) => other.observer === observer)) return;
    this.watchers = [...this.watchers, { observer, interest: interest === true ? ALWAYS : interest }];
  }

  remove(observer: Observer): void {
    this.watchers = this.watchers.filter((other) => other.observer !== observer);
  }

  /** Tells those who want to know. @returns what follows it for them */
  begin(operation: Operation): Follower[] {
    const asked = this.watchers.filter(({ interest }) => interest.hasSubscribers);
    return asked.flatMap(({ observer }) => observer.begin(operation) ?? []);
  }
}

/**
 * Who observes what, by the kind of operations. Why for the whole process, and not for a connection: what traces is set
 * up once, before there are any. Why not by a function of the kind: it would cost each call a search by name.
 */
export const watches: Readonly<Record<OperationKind, Watch>> = {
  call: /* @__PURE__ */ new Watch('call'),
  serve: /* @__PURE__ */ new Watch('serve'),
  emit: /* @__PURE__ */ new Watch('emit'),
  handle: /* @__PURE__ */ new Watch('handle'),
  connect: /* @__PURE__ */ new Watch('connect'),
  handshake: /* @__PURE__ */ new Watch('handshake'),
  resume: /* @__PURE__ */ new Watch('resume'),
};

/** Adds an observer, once. @returns a function that removes it */
export function observe(observer: Observer): () => void {
  for (const watch of Object.values(watches)) watch.add(observer);
  return () => {
    for (const watch of Object.values(watches)) watch.remove(observer);
  };
}

/** An operation that has begun. */
type Begun = Observation & Required<Pick<Observation, 'run' | 'sent'>>;

/**
 * Begins an operation. Its `run` is to be called next.
 * @param counted ends with it
 */
export function begin(operation: Operation, counted?: Observation): Begun {
  return new Followed(operation, watches[operation.kind].begin(operation), counted);
}

class Followed implements Observation {
  private isOver = false;

  constructor(
    private readonly operation: Operation,
    private readonly followers: readonly Follower[],
    private readonly counted: Observation | undefined,
  ) {}

  get began(): Moment | undefined {
    return this.counted?.began;
  }

  run<T>(run: () => T): T {
    let inner = run;
    for (const follower of this.followers) {
      if (!follower.run) continue;
      const next = inner;
      inner = () => (follower.run ? follower.run(next) : next());
    }
    return inner();
  }

  sent(message: WrittenMessage): void {
    for (const follower of this.followers) follower.sent?.(message);
  }

  end(code: number | string, error?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.operation.code = code;
    if (code !== 0) this.operation.error = error;
    for (const follower of this.followers) follower.end();
    this.counted?.end(code, error);
  }
}
