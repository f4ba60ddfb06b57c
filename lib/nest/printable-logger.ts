import { Logger } from '@nestjs/common';
import { toLogText, toLogValue } from '../util/log-text.js';

// Lines of this package itself are shorter; a peer's own texts are cut before they come here.
const MAX_LINE_LENGTH = 64 * 1024;

/**
 * Nest's logger for lines that may hold what a peer has sent: a name, or an error's message. Control characters in
 * them are escaped, so that a peer writes no lines of its own and tells a terminal nothing.
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

/** What is beside the message may be a stack, which has lines. */
function shownBeside(value: unknown): unknown {
  if (typeof value !== 'string') return toLogValue(value);
  return value
    .split('\n')
    .map((line) => toLogText(line, MAX_LINE_LENGTH))
    .join('\n');
}
