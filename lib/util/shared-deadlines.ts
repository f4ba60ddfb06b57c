import { DeadlineQueue } from './deadline-queue.js';

/** Something that waits for a time to pass. */
export interface Expirable {
  /** The time has passed; the wait is over. */
  expire(): void;
}

// One queue, and so one timer, for all waits of the same length. Programs use a handful of lengths, so
// the table stays as small as their number.
const queues = new Map<number, DeadlineQueue<Expirable>>();

/** The queue that all waits of a length share. */
export function sharedDeadlines(durationMs: number): DeadlineQueue<Expirable> {
  let queue = queues.get(durationMs);
  if (!queue) {
    queue = new DeadlineQueue(durationMs, (entry) => {
      entry.expire();
    });
    queues.set(durationMs, queue);
  }
  return queue;
}
