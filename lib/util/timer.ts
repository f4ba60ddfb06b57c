import { afterPoll, host, now } from './host.js';

/** A timer, from its start on. */
export interface Timer {
  /** The platform's timer, or the marker of a wait; undefined once the timer was stopped. */
  handle: unknown;
}

/** A timer that fires this late, in milliseconds, may run before what had arrived in time was read. */
const LATE_MS = 1;
/** A timer that fires this late, in milliseconds, was held up by this process's own work. */
const BUSY_MS = 20;

/** Starts a timer. It does not keep a Node process alive. */
export function startTimer(delayMs: number, callback: () => void): Timer {
  return unref(startKeepAliveTimer(delayMs, callback));
}

/** Starts a timer that keeps a Node process alive, for work that must not be lost. */
export function startKeepAliveTimer(delayMs: number, callback: () => void): Timer {
  return { handle: host.setTimeout(callback, delayMs) };
}

/**
 * Starts a timer for the deadline of a peer: everything that had arrived in time was read before the callback runs.
 * Where this process was busy when the time was over, the peer gets as much longer, once. The timer does not keep a Node
 * process alive.
 */
export function startPatientTimer(delayMs: number, callback: () => void): Timer {
  return unref(startPatientKeepAliveTimer(delayMs, callback));
}

/** Starts a timer as {@link startPatientTimer} does, which keeps a Node process alive. */
export function startPatientKeepAliveTimer(delayMs: number, callback: () => void): Timer {
  const end = now() + delayMs;
  const timer = startKeepAliveTimer(delayMs, () => {
    const lateMs = Math.min(now() - end, delayMs);
    if (lateMs < LATE_MS) callback();
    else if (lateMs < BUSY_MS) judge();
    else timer.handle = host.setTimeout(judge, lateMs);
  });
  const judge = (): void => {
    const handle = {};
    timer.handle = handle;
    afterPoll(() => {
      if (timer.handle === handle) callback();
    });
  };
  return timer;
}

/** Stops a timer. Does nothing for a timer that has fired, or for undefined. */
export function stopTimer(timer: Timer | undefined): void {
  if (!timer) return;
  host.clearTimeout(timer.handle);
  timer.handle = undefined;
}

function unref(timer: Timer): Timer {
  (timer.handle as { unref?: () => void }).unref?.();
  return timer;
}
