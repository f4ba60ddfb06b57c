import type { Connection } from '../../connection/connection.js';
import { MAX_REFUSALS_LOGGED } from '../../protocol/limits.js';
import type { RefusalKind, RefusedHandshake } from '../../server/handshake/refusal.js';
import { LogWindows } from './log-windows.js';

/** The logger that a RefusalLog writes to. */
export interface RefusalLogger {
  warn(text: string): void;
  debug(text: string): void;
}

/** Logs refused handshakes with their reasons, {@link MAX_REFUSALS_LOGGED} of each kind in a window of time. */
export class RefusalLog {
  private readonly windows: LogWindows<RefusalKind>;

  constructor(logger: RefusalLogger) {
    this.windows = new LogWindows<RefusalKind>(
      MAX_REFUSALS_LOGGED,
      (kind, text) => {
        // Why only debug: the client asks again by itself, and usually gets its session a moment later.
        if (kind === 'later') logger.debug(text);
        else logger.warn(text);
      },
      (kind, count, seconds) => `${count} more handshakes were refused within ${seconds} s (${kind})`,
    );
  }

  /** Logs a refusal. */
  add(connection: Connection, refusal: RefusedHandshake): void {
    this.windows.add(refusal.kind, () => textOf(connection, refusal));
  }

  /** Logs what was counted so far, and stops the timers. */
  stop(): void {
    this.windows.stop();
  }
}

function textOf(
  { remoteAddress }: Connection,
  { kind, application, strategy, code, reason }: RefusedHandshake,
): string {
  const unanswered = kind === 'login' ? 'not answered' : 'put off';
  const outcome = code === undefined ? unanswered : `refused with code ${code}`;
  const asked = `application '${application}', strategy '${strategy}', from ${remoteAddress ?? 'a local peer'}`;
  return `A handshake was ${outcome}: ${reason} (${asked})`;
}
