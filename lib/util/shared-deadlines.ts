import { DeadlineQueue } from './deadline-queue.js';

/** An entry of a shared queue. */
export interface Expirable {
  /** Called when its time is over. */
  expire(): void;
}

// One queue, and so one timer, for all waits of the same length. Why they are never removed: lengths come from options,
// and a program has a handful of them.
const queues = new Map<number, DeadlineQueue<Expirable>>();

/** Returns the queue that all waits of a length share. @param durationMs the length, in milliseconds */
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
