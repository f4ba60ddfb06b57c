import { Logger } from '@nestjs/common';
import { toLogText, toLogValue } from '../util/log-text.js';

// Longer than any entry of this package; the texts of peers are cut before they come here.
const MAX_LINE_LENGTH = 64 * 1024;

/**
 * Logs texts that may hold what a peer has sent, as a name or an error's message. It escapes control characters, so
 * that a peer can neither fake entries of the log nor send commands to a terminal.
 */
export class PrintableLogger extends Logger {
  override log(message: unknown, ...rest: unknown[]): void {
    super.log(shown(message), ...rest.map(shownBeside));
  }

  override error(message: unknown, ...rest: unknown[]): void {
    super.error(shown(message), ...rest.map(shownBeside));
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(shown(message), ...rest.map(shownBeside));
  }

  override debug(message: unknown, ...rest: unknown[]): void {
    super.debug(shown(message), ...rest.map(shownBeside));
  }
}

function shown(value: unknown): unknown {
  return typeof value === 'string' ? toLogText(value, MAX_LINE_LENGTH) : toLogValue(value);
}

/** Escapes a further argument, line by line: it may be a stack. */
function shownBeside(value: unknown): unknown {
  if (typeof value !== 'string') return toLogValue(value);
  return value
    .split('\n')
    .map((line) => toLogText(line, MAX_LINE_LENGTH))
    .join('\n');
}
