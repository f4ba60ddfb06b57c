import type { Connection } from '../../connection/connection.js';
import { MAX_REFUSALS_LOGGED, REFUSAL_WINDOW_MS } from '../../protocol/limits.js';
import type { RefusalKind, RefusedHandshake } from '../../server/handshake/refusal.js';
import { startTimer, stopTimer, type Timer } from '../../util/timer.js';

/** The logger that a RefusalLog writes to. */
export interface RefusalLogger {
  warn(text: string): void;
  debug(text: string): void;
}

/** The refusals of one kind within one window of time. */
interface Window {
  count: number;
  readonly timer: Timer;
}

/**
 * Logs refused handshakes with their reasons: of each kind {@link MAX_REFUSALS_LOGGED} in {@link REFUSAL_WINDOW_MS};
 * further ones are counted. Why: strangers must not be able to fill a log.
 */
export class RefusalLog {
  private readonly windows = new Map<RefusalKind, Window>();

  constructor(private readonly logger: RefusalLogger) {}

  /** Logs a refusal. */
  add(connection: Connection, refusal: RefusedHandshake): void {
    const { kind } = refusal;
    const window = this.windows.get(kind) ?? this.open(kind);
    window.count += 1;
    if (window.count <= MAX_REFUSALS_LOGGED) this.write(kind, textOf(connection, refusal));
  }

  /** Logs what was counted so far, and stops the timers. */
  stop(): void {
    for (const kind of [...this.windows.keys()]) this.close(kind);
  }

  private open(kind: RefusalKind): Window {
    const timer = startTimer(REFUSAL_WINDOW_MS, () => {
      this.close(kind);
    });
    const window = { count: 0, timer };
    this.windows.set(kind, window);
    return window;
  }

  private close(kind: RefusalKind): void {
    const window = this.windows.get(kind);
    if (!window) return;
    this.windows.delete(kind);
    stopTimer(window.timer);
    const omitted = window.count - MAX_REFUSALS_LOGGED;
    if (omitted > 0) {
      this.write(
        kind,
        `${omitted} more handshakes were refused within ${REFUSAL_WINDOW_MS / 1000} s (${kind})`,
      );
    }
  }

  private write(kind: RefusalKind, text: string): void {
    // Why only debug: the client asks again by itself, and usually gets its session a moment later.
    if (kind === 'later') this.logger.debug(text);
    else this.logger.warn(text);
  }
}

function textOf(
  { remoteAddress }: Connection,
  { application, strategy, code, reason }: RefusedHandshake,
): string {
  const outcome = code === undefined ? 'put off' : `refused with code ${code}`;
  const asked = `application '${application}', strategy '${strategy}', from ${remoteAddress ?? 'a local peer'}`;
  return `A handshake was ${outcome}: ${reason} (${asked})`;
}
