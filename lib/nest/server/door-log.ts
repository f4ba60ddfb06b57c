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

/** Those that have made room for others are counted apart from those that were refused. */
type Kind = ConnectionRefuser | 'madeRoom';

/**
 * Logs connections that were refused, or have made room for others: of each limit the first in a window of time, and then
 * their number.
 */
export class DoorLog {
  private readonly windows: LogWindows<Kind>;

  constructor(logger: { warn(text: string): void }) {
    this.windows = new LogWindows<Kind>(
      1,
      (_by, text) => {
        logger.warn(text);
      },
      (kind, count, seconds) =>
        kind === 'madeRoom'
          ? `${count} more silent connections have made room for others within ${seconds} s (limits.maxPendingHandshakes)`
          : `${count} more connections were refused within ${seconds} s (${optionOf(kind)})`,
    );
  }

  /** Logs a refusal. */
  add({ by, address, madeRoom, error }: RefusedConnection): void {
    this.windows.add(madeRoom ? 'madeRoom' : by, () => {
      const whose = address ?? 'a local peer';
      if (madeRoom)
        return `A connection of ${whose}, the most silent one, has made room for another by ${optionOf(by)}: ${ADVICE[by]}`;
      const why = by === 'clientAddress' ? `${ADVICE[by]} ${toLogText(toSafeString(error))}` : ADVICE[by];
      return `A connection of ${whose} was refused by ${optionOf(by)}: ${why}`;
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
