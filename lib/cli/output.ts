import { once } from 'node:events';
import { toLogText } from '../util/log-text.js';
import { formatValue, shortText } from './format-value.js';
import type { CliIo, OutputStream } from './io.js';
import { jsonText } from './json-text.js';
import { maskMessage } from './mask.js';
import { styleFor, type Style } from './style.js';

const MAX_REMARK_LENGTH = 1000;

/** Prints what a command has to say: values to the standard output, remarks to the standard error. */
export class Output {
  readonly style: Style;
  readonly errorStyle: Style;

  /**
   * @param isJson whether values are JSON, one a line
   * @param signal fires when nobody reads any more
   */
  constructor(
    private readonly io: CliIo,
    readonly isJson: boolean,
    private readonly signal: AbortSignal,
  ) {
    this.style = styleFor(io.stdout, io.env);
    this.errorStyle = styleFor(io.stderr, io.env);
  }

  /** Whether a person reads the values. */
  get isTerminal(): boolean {
    return this.io.stdout.isTTY === true;
  }

  /** Prints a value of a peer. Resolves when more may be printed. */
  value(value: unknown): Promise<void> {
    return this.write(this.io.stdout, `${this.isJson ? jsonText(value) : formatValue(value, this.style)}\n`);
  }

  /** Prints a string or bytes as they are; what a terminal would act on is escaped there. */
  async bytes(value: string | Uint8Array): Promise<void> {
    if (this.isTerminal) await this.value(value);
    else await this.write(this.io.stdout, value);
  }

  /** A value as people read it. */
  formatted(value: unknown): string {
    return formatValue(value, this.style);
  }

  /** Prints what a person reads, or the value that says the same as JSON. */
  either(text: () => string, value: unknown): Promise<void> {
    return this.isJson ? this.value(value) : this.line(text());
  }

  /** Prints a line that has no text of a peer, or one that was made harmless. */
  line(text: string): Promise<void> {
    return this.write(this.io.stdout, `${text}\n`);
  }

  /** Prints a text of several lines: as it is for programs, and without control characters on a terminal. */
  async text(text: string): Promise<void> {
    const whole = text.endsWith('\n') ? text : `${text}\n`;
    await this.write(this.io.stdout, this.isTerminal ? printableLines(whole) : whole);
  }

  /** Tells the user something besides the values. */
  note(text: string): void {
    void this.write(this.io.stderr, `${this.errorStyle.faint(text)}\n`);
  }

  /** A value of a peer within a remark, short and without its secrets. */
  remark(value: unknown): string {
    return shortText(maskMessage(value), MAX_REMARK_LENGTH);
  }

  /** Prints a line to the standard error as it is. */
  raw(text: string): void {
    void this.write(this.io.stderr, `${text}\n`);
  }

  /** Warns the user. */
  warn(text: string): void {
    void this.write(this.io.stderr, `${this.errorStyle.bad(`Warning: ${text}`)}\n`);
  }

  private async write(stream: OutputStream, text: string | Uint8Array): Promise<void> {
    if (this.signal.aborted || stream.destroyed) return;
    if (!stream.write(text)) await once(stream, 'drain', { signal: this.signal }).catch(() => undefined);
  }
}

/** A text of several lines of a peer, without what a terminal would act on. */
function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .split('\t')
        .map((part) => toLogText(part, Infinity))
        .join('\t'),
    )
    .join('\n');
}
