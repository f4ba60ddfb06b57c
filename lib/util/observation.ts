import type { Moment } from './turn-clock.js';

/** A message that was sent: its text, with the bytes behind that, if there are any. */
export type Sent = string | { readonly text: string; readonly bytes: Uint8Array; readonly length: number };

/** Something that is observed from its beginning to its end. */
export interface Observation {
  /** When it began. Undefined where that is not counted. */
  readonly began?: Moment | undefined;
  /**
   * Runs it, in the async context that observers have set up for it; called once, before {@link end} or without one.
   * Undefined where it is only counted.
   */
  run?<T>(run: () => T): T;
  /** A message was sent for it, before its {@link end}. Undefined where it is only counted. */
  sent?(message: Sent): void;
  /**
   * It has ended. Called once.
   * @param code how: 0 for success, else the error's code
   * @param error why it failed
   */
  end(code: number | string, error?: unknown): void;
}

/** What may be observed: a call of either side. */
export interface Observed {
  /** Told of its end; undefined: nobody observes it, or it has ended. */
  observation: Observation | undefined;
}

/** Tells who observes something that it has ended, the first time. */
export function endObservation(observed: Observed, code: number | string, error: unknown): void {
  const { observation } = observed;
  if (observation === undefined) return;
  observed.observation = undefined;
  observation.end(code, error);
}
