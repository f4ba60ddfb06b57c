import type { ConnectionLimit, RefusedConnection } from '../../server/door/door.js';
import { LogWindows } from './log-windows.js';

/** What to do about a limit that clients behind one address have reached. */
const ONE_ADDRESS = 'raise the limit if many clients come by that address';

const ADVICE: Readonly<Record<ConnectionLimit, string>> = {
  maxConnections: 'raise the limit if the machine has room for more',
  maxPendingHandshakes: 'raise the limit if so many clients come at once',
  maxConnectionsPerAddress: ONE_ADDRESS,
  maxHandshakesPerSecond: ONE_ADDRESS,
};

/** Logs connections that were refused: of each limit the first in a window of time, and then their number. */
export class DoorLog {
  private readonly windows: LogWindows<ConnectionLimit>;

  constructor(logger: { warn(text: string): void }) {
    this.windows = new LogWindows<ConnectionLimit>(
      1,
      (_limit, text) => {
        logger.warn(text);
      },
      (limit, count, seconds) =>
        `${count} more connections were refused within ${seconds} s (limits.${limit})`,
    );
  }

  /** Logs a refusal. */
  add({ limit, address }: RefusedConnection): void {
    this.windows.add(
      limit,
      () => `A connection of ${address ?? 'a local peer'} was refused by limits.${limit}: ${ADVICE[limit]}`,
    );
  }

  /** Logs what was counted so far, and stops the timers. */
  stop(): void {
    this.windows.stop();
  }
}
