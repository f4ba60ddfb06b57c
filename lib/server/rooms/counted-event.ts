import type { Metadata } from '../../protocol/message.js';
import type { Selection } from './selection.js';

/** An event for the clients of several servers, which all servers get in the same order. */
export interface CountedEvent {
  /** Grows from one event to the next. */
  readonly number: number;
  readonly selection: Selection;
  readonly interfaceName: string;
  readonly event: string;
  readonly args: unknown[];
  readonly metadata?: Metadata | undefined;
}

/** Knows which events of several servers have come here. Why: a session that moves has to get each of them once. */
export interface EventSource {
  /** The number of the last event that has come; undefined before the first, where it is not known. */
  readonly position: number | undefined;
  /** The events that have come after a number, as far back as they are kept. */
  since(position: number): Iterable<CountedEvent>;
}
