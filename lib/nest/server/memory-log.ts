import type { ShedLoad } from '../../server/door/memory-guard.js';
import { LogWindows } from './log-windows.js';

const MIB = 1024 * 1024;

/** Logs that load was shed because the process takes too much memory: the first time in a window of time. */
export class MemoryLog {
  private readonly windows: LogWindows<'memory'>;
  private strangers = 0;
  private sessions = 0;

  constructor(logger: { warn(text: string): void }) {
    this.windows = new LogWindows<'memory'>(
      1,
      (_kind, text) => {
        this.strangers = 0;
        this.sessions = 0;
        logger.warn(text);
      },
      (_kind, count, seconds) =>
        `Memory was over limits.maxMemoryBytes ${count} more times within ${seconds} s: ${this.ended}`,
    );
  }

  /** Logs what was shed. */
  add({ used, limit, strangers, sessions }: ShedLoad): void {
    this.strangers += strangers;
    this.sessions += sessions;
    const amount = `${inMib(used)} MiB of memory, more than limits.maxMemoryBytes (${inMib(limit)} MiB)`;
    this.windows.add(
      'memory',
      () => `The process takes ${amount}: new connections are refused, ${this.ended}`,
    );
  }

  /** Logs what was counted so far, and stops the timers. */
  stop(): void {
    this.windows.stop();
  }

  private get ended(): string {
    return `${this.strangers} connections before their login and ${this.sessions} idle anonymous sessions were ended`;
  }
}

function inMib(bytes: number): number {
  return Math.round(bytes / MIB);
}
