import type { AbortSignalLike } from '../../util/host.js';

/** Gives up an attempt to connect. Why no AbortController: clients run where there is none, too. */
export class GiveUp implements AbortSignalLike {
  aborted = false;
  reason: unknown;
  private listeners: (() => void)[] = [];

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners = this.listeners.filter((other) => other !== listener);
  }

  /** Gives up, once. @param reason the attempt's error */
  now(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.listeners) listener();
  }
}
