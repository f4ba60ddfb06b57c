import type { ConnectionRefuser, RefusedConnection } from '../../server/door/door.js';
import { toSafeString } from '../../protocol/safe-string.js';
import { toLogText } from '../../util/log-text.js';
import { LogWindows } from './log-windows.js';

/** What to do about a limit that clients behind one address have reached. */
const ONE_ADDRESS = 'if that is a proxy, use trustProxy or proxyProtocol, else raise the limit';

const ADVICE: Readonly<Record<ConnectionRefuser, string>> = {
  maxConnections: 'raise the limit if the machine has room for more',
  maxPendingHandshakes: 'raise the limit if so many clients come at once',
  maxConnectionsPerAddress: ONE_ADDRESS,
  maxHandshakesPerSecond: ONE_ADDRESS,
  maxMemoryBytes: 'the process takes more memory than that; getUsage() of the server tells what is used',
  proxyProtocol: 'it began with no PROXY header, or came from none of the proxies of trustProxy',
  clientAddress: 'the function threw',
};

/** Logs connections that were refused: of each limit the first in a window of time, and then their number. */
export class DoorLog {
  private readonly windows: LogWindows<ConnectionRefuser>;

  constructor(logger: { warn(text: string): void }) {
    this.windows = new LogWindows<ConnectionRefuser>(
      1,
      (_by, text) => {
        logger.warn(text);
      },
      (limit, count, seconds) =>
        `${count} more connections were refused within ${seconds} s (${optionOf(limit)})`,
    );
  }

  /** Logs a refusal. */
  add({ by, address, error }: RefusedConnection): void {
    this.windows.add(by, () => {
      const why = by === 'clientAddress' ? `${ADVICE[by]} ${toLogText(toSafeString(error))}` : ADVICE[by];
      return `A connection of ${address ?? 'a local peer'} was refused by ${optionOf(by)}: ${why}`;
    });
  }

  /** Logs what was counted so far, and stops the timers. */
  stop(): void {
    this.windows.stop();
  }
}

function optionOf(by: ConnectionRefuser): string {
  return by === 'proxyProtocol' || by === 'clientAddress' ? by : `limits.${by}`;
}
