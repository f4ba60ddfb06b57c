import type { Observation } from '../../util/observation.js';
import type { Moment } from '../../util/turn-clock.js';
import { CONTROL, type Controlled } from '../control.js';
import type { Operation, OperationKind } from './operations.js';

/** Follows one operation for an observer. */
export interface Follower {
  /** Runs it, in an async context of the observer's. @default it is simply run */
  run?<T>(run: () => T): T;
  /** A text was sent for it: the answer of a call that is served, or a value of a stream. */
  sent?(text: string): void;
  /** It has ended: its `code` and `error` tell how. */
  end(): void;
}

/**
 * Observes what this process does, on all of its connections. What it throws fails what is observed, so it must not
 * throw.
 */
export interface Observer {
  /** Whether it wants to know of such operations now. Asked before each one: it must cost nothing. */
  observes(kind: OperationKind): boolean;
  /** An operation begins. @returns undefined: it is not followed */
  begin(operation: Operation): Follower | undefined;
}

// Why for the whole process, and not for a connection: what traces is set up once, before there are any.
let observers: readonly Observer[] = [];

/** Adds an observer, once. @returns a function that removes it */
export function observe(observer: Observer): () => void {
  if (!observers.includes(observer)) observers = [...observers, observer];
  return () => {
    observers = observers.filter((other) => other !== observer);
  };
}

/**
 * Whether anybody observes such operations, or counts those of the connection. Why it is asked first: nothing is made for
 * nobody.
 */
export function isObserved(kind: OperationKind, connection?: Controlled): boolean {
  return hasObservers(kind) || connection?.[CONTROL].callMeter !== undefined;
}

/** Whether anybody observes such operations. */
export function hasObservers(kind: OperationKind): boolean {
  for (const observer of observers) if (observer.observes(kind)) return true;
  return false;
}

/**
 * Begins an operation. Its `run` is to be called next.
 * @param counted ends with it
 */
export function begin(operation: Operation, counted?: Observation): Required<Observation> {
  const followers: Follower[] = [];
  for (const observer of observers) {
    const follower = observer.observes(operation.kind) ? observer.begin(operation) : undefined;
    if (follower) followers.push(follower);
  }
  return new Followed(operation, followers, counted);
}

class Followed implements Observation {
  private isOver = false;

  constructor(
    private readonly operation: Operation,
    private readonly followers: readonly Follower[],
    private readonly counted: Observation | undefined,
  ) {}

  run<T>(run: () => T): T {
    let inner = run;
    for (const follower of this.followers) {
      if (!follower.run) continue;
      const next = inner;
      inner = () => (follower.run ? follower.run(next) : next());
    }
    return inner();
  }

  sent(text: string): void {
    for (const follower of this.followers) follower.sent?.(text);
  }

  end(code: number | string, error?: unknown, began?: Moment): void {
    if (this.isOver) return;
    this.isOver = true;
    this.operation.code = code;
    if (code !== 0) this.operation.error = error;
    for (const follower of this.followers) follower.end();
    this.counted?.end(code, error, began);
  }
}
