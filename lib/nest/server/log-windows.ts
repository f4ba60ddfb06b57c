import { REFUSAL_WINDOW_MS } from '../../protocol/limits.js';
import { startTimer, stopTimer, type Timer } from '../../util/timer.js';

/** What happened of one kind within one window of time. */
interface Window {
  count: number;
  readonly timer: Timer;
}

/**
 * Bounds what is logged: of each kind so many texts in {@link REFUSAL_WINDOW_MS}; what is beyond is counted, and the
 * count is logged when that time is over. Why: strangers must not be able to fill a log.
 */
export class LogWindows<Kind> {
  private readonly windows = new Map<Kind, Window>();

  /**
   * @param maxLogged how many texts of a kind are logged within a window
   * @param write logs a text
   * @param textOfMore makes the text for those that were counted only
   */
  constructor(
    private readonly maxLogged: number,
    private readonly write: (kind: Kind, text: string) => void,
    private readonly textOfMore: (kind: Kind, count: number, seconds: number) => string,
  ) {}

  /** Logs the text of one more of its kind, or counts it. */
  add(kind: Kind, makeText: () => string): void {
    const window = this.windows.get(kind) ?? this.open(kind);
    window.count += 1;
    if (window.count <= this.maxLogged) this.write(kind, makeText());
  }

  /** Logs what was counted so far, and stops the timers. */
  stop(): void {
    for (const kind of [...this.windows.keys()]) this.close(kind);
  }

  private open(kind: Kind): Window {
    const timer = startTimer(REFUSAL_WINDOW_MS, () => {
      this.close(kind);
    });
    const window = { count: 0, timer };
    this.windows.set(kind, window);
    return window;
  }

  private close(kind: Kind): void {
    const window = this.windows.get(kind);
    if (!window) return;
    this.windows.delete(kind);
    stopTimer(window.timer);
    const omitted = window.count - this.maxLogged;
    if (omitted > 0) this.write(kind, this.textOfMore(kind, omitted, REFUSAL_WINDOW_MS / 1000));
  }
}
