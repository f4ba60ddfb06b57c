import { host } from './host.js';

/** A timer that was started. */
export interface Timer {
  readonly handle: unknown;
}

/** Starts a timer that does not keep a Node process alive (in a browser there is nothing to keep). */
export function startTimer(delayMs: number, callback: () => void): Timer {
  const timer = startKeepAliveTimer(delayMs, callback);
  (timer.handle as { unref?: () => void }).unref?.();
  return timer;
}

/** Starts a timer that keeps a Node process alive: for work that would be lost with it. */
export function startKeepAliveTimer(delayMs: number, callback: () => void): Timer {
  return { handle: host.setTimeout(callback, delayMs) };
}

/** Stops a timer; nothing happens if it has fired. */
export function stopTimer(timer: Timer | undefined): void {
  if (timer) host.clearTimeout(timer.handle);
}
