import { parse } from '../../mdsf/index.js';
import { now } from '../../util/host.js';
import { formatValue } from '../format-value.js';
import { maskMessage } from '../mask.js';
import type { Output } from '../output.js';
import { trafficText, type Sender } from '../traffic-text.js';

/** What is printed. */
export interface PrinterOptions {
  readonly isFull: boolean;
  readonly showsPings: boolean;
}

const QUIET_KINDS = new Set<string | undefined>(['ping', 'pong', undefined]);
/** So many calls without an answer are timed on a connection. */
const MAX_TIMED = 10_000;

/** One connection that is seen. */
export class SeenConnection {
  /** Calls and inspects that wait, by their numbers: when they were seen. */
  readonly waiting = new Map<unknown, number>();

  /** @param number counts the connections */
  constructor(readonly number: number) {}
}

/** Prints the messages that go through a tap. */
export class TrafficPrinter {
  private count = 0;

  constructor(
    private readonly output: Output,
    private readonly options: PrinterOptions,
  ) {}

  /** A client has come. */
  opened(): SeenConnection {
    const seen = new SeenConnection(++this.count);
    void this.print(seen, undefined, () => 'connected', { opened: true });
    return seen;
  }

  /** A connection has ended. @param reason a text that has no peer's text in it, or a harmless one */
  closed(seen: SeenConnection, reason: string): void {
    void this.print(seen, undefined, () => reason, { closed: reason });
  }

  /** A message has come. Resolves when more may be printed. */
  message(seen: SeenConnection, from: Sender, text: string): Promise<void> {
    let message: unknown;
    try {
      message = parse(text, { bytes: true });
    } catch {
      // Not its text: a secret could not be found in it.
      return this.print(
        seen,
        from,
        () => this.output.style.bad(`${text.length} characters that are no message`),
        {
          unreadable: text.length,
        },
      );
    }
    const tookMs = this.took(seen, message);
    if (!this.options.showsPings && QUIET_KINDS.has(kindOf(message))) return Promise.resolve();
    const { style, isJson } = this.output;
    const shown = (): string => {
      const line = this.options.isFull
        ? formatValue(maskMessage(message), style)
        : trafficText(message, style);
      return tookMs === undefined ? line : `${line} ${style.faint(`(${tookMs} ms)`)}`;
    };
    const told = isJson ? { bytes: Buffer.byteLength(text), tookMs, message: maskMessage(message) } : {};
    return this.print(seen, from, shown, told);
  }

  /** How long a call has taken whose callback this is. */
  private took({ waiting }: SeenConnection, message: unknown): number | undefined {
    const kind = kindOf(message);
    const header = kind === undefined ? undefined : (message as Record<string, unknown>)[kind];
    const id: unknown = Array.isArray(header) ? header[0] : undefined;
    if (kind === 'call' || kind === 'inspect') {
      if (waiting.size < MAX_TIMED) waiting.set(id, now());
      return undefined;
    }
    const begun = kind === 'callback' ? waiting.get(id) : undefined;
    if (begun === undefined) return undefined;
    waiting.delete(id);
    return Math.round((now() - begun) * 100) / 100;
  }

  private print(
    seen: SeenConnection,
    from: Sender | undefined,
    text: () => string,
    told: object,
  ): Promise<void> {
    const { output } = this;
    const time = new Date().toISOString();
    const line = (): string => {
      const arrow = from === undefined ? '--' : from === 'client' ? '->' : '<-';
      return `${output.style.faint(`${time.slice(11, 23)} #${seen.number}`)} ${arrow} ${text()}`;
    };
    return output.either(line, { time, connection: seen.number, from, ...told });
  }
}

function kindOf(message: unknown): string | undefined {
  return typeof message === 'object' && message !== null ? Object.keys(message)[0] : 'unknown';
}
