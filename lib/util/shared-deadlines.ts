import { DeadlineQueue } from './deadline-queue.js';

/** An entry of a shared queue. */
export interface Expirable {
  /** Called when its time is over. @param lateMs for how long, in milliseconds */
  expire(lateMs: number): void;
}

// One queue, and so one timer, for all waits of the same length. Why they are never removed: lengths come from options,
// and a program has a handful of them.
const queues = new Map<number, DeadlineQueue<Expirable>>();

/** Returns the queue that all waits of a length share. @param durationMs the length, in milliseconds */
export function sharedDeadlines(durationMs: number): DeadlineQueue<Expirable> {
  let queue = queues.get(durationMs);
  if (!queue) {
    queue = new DeadlineQueue(durationMs, (entry, lateMs) => {
      entry.expire(lateMs);
    });
    queues.set(durationMs, queue);
  }
  return queue;
}

/** Waits of lengths that differ by no more than a part of this many are one queue. */
const STEPS_PER_OCTAVE = 64;
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Returns a queue for a wait of any length, which may come from a peer: it waits as long, or up to a 64th longer.
 * Why: of exact lengths there may be any number, and there would be as many queues; of these there are at most 1,700.
 * @param durationMs the length, in milliseconds, from 0 to 2^31 - 1
 */
export function nearDeadlines(durationMs: number): DeadlineQueue<Expirable> {
  const whole = Math.max(1, Math.ceil(durationMs));
  // The power of two below it: a step is a 64th of that.
  const step = Math.max(1, 2 ** (31 - Math.clz32(whole)) / STEPS_PER_OCTAVE);
  return sharedDeadlines(Math.min(Math.ceil(whole / step) * step, LONGEST_MS));
}
