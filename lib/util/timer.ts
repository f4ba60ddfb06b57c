import { afterPoll, host, now } from './host.js';

/** A timer that was started. */
export interface Timer {
  /** What it waits for now; undefined once it was stopped. */
  handle: unknown;
}

/** A timer that fires this late may come before what had arrived in time. */
const LATE_MS = 1;
/** One that fires this late was held up by this process's own work. */
const BUSY_MS = 20;

/** Starts a timer that does not keep a Node process alive (in a browser there is nothing to keep). */
export function startTimer(delayMs: number, callback: () => void): Timer {
  return unref(startKeepAliveTimer(delayMs, callback));
}

/** Starts a timer that keeps a Node process alive: for work that would be lost with it. */
export function startKeepAliveTimer(delayMs: number, callback: () => void): Timer {
  return { handle: host.setTimeout(callback, delayMs) };
}

/**
 * Starts a timer that judges somebody else: when the callback runs, what had arrived in time was read. Where this
 * process was busy at its end, the other gets as much longer, once. Does not keep a Node process alive.
 */
export function startPatientTimer(delayMs: number, callback: () => void): Timer {
  return unref(startPatientKeepAliveTimer(delayMs, callback));
}

/** As {@link startPatientTimer}, but keeps a Node process alive. */
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

/** Stops a timer; nothing happens if it has fired. */
export function stopTimer(timer: Timer | undefined): void {
  if (!timer) return;
  host.clearTimeout(timer.handle);
  timer.handle = undefined;
}

function unref(timer: Timer): Timer {
  (timer.handle as { unref?: () => void }).unref?.();
  return timer;
}
