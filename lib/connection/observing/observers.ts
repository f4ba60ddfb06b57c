import type { WrittenMessage } from '../../protocol/attached-message.js';
import type { Observation } from '../../util/observation.js';
import type { Operation, OperationKind, ReceiveOperation, SendOperation } from './operations.js';

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

/** One who observes one kind of operations. */
export interface Watcher {
  readonly observer: Observer;
  readonly interest: Interest;
}

/** Who observes one kind of operations. */
class Watch {
  watchers: readonly Watcher[] = [];

  /** Whether anybody wants to know of them now. Why it is asked first: nothing is made for nobody. */
  get isOn(): boolean {
    for (const { interest } of this.watchers) if (interest.hasSubscribers) return true;
    return false;
  }
}

/**
 * Who observes what, by the kind of operations. Why for the whole process, and not for a connection: what traces is set
 * up once, before there are any. Why not by a function of the kind: it would cost each call a search by name.
 */
export const watches: Readonly<Record<OperationKind, Watch>> = {
  call: /* @__PURE__ */ new Watch(),
  serve: /* @__PURE__ */ new Watch(),
  emit: /* @__PURE__ */ new Watch(),
  handle: /* @__PURE__ */ new Watch(),
  connect: /* @__PURE__ */ new Watch(),
  handshake: /* @__PURE__ */ new Watch(),
  resume: /* @__PURE__ */ new Watch(),
};

/** An operation that has begun. */
export type Begun = Observation & Required<Pick<Observation, 'run' | 'sent'>>;

/** Makes operations for those who observe them. */
export interface Teller {
  sendOperation(...parts: ConstructorParameters<typeof SendOperation>): SendOperation;
  receiveOperation(...parts: ConstructorParameters<typeof ReceiveOperation>): ReceiveOperation;
  /** See {@link begin}. */
  begin(operation: Operation, counted?: Observation): Begun;
}

let present: Teller | undefined;

/** Hands in what tells observers. Why not imported: a page has no observers, and need not download it. */
export function handIn(teller: Teller): void {
  present = teller;
}

/** What tells observers. Only where a watch {@link Watch.isOn}: whoever observes has handed it in. */
export function teller(): Teller {
  if (!present) throw new Error('Nobody observes');
  return present;
}

/**
 * Begins an operation, which is observed. Its `run` is to be called next.
 * @param counted ends with it
 */
export function begin(operation: Operation, counted?: Observation): Begun {
  return teller().begin(operation, counted);
}
