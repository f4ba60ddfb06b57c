import { MAX_TIMER_MS } from '../protocol/option-checks.js';
import { usageError } from './cli-error.js';

const UNITS_MS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads a time: `500ms`, `1.5s`, `2m`, `1h`, or milliseconds without a unit.
 * @param option for the error
 * @returns whole milliseconds, from 1 up
 */
export function parseDuration(text: string, option: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Math.round(Number(digits) * UNITS_MS[unit]);
  if (ms >= 1 && ms <= MAX_TIMER_MS) return ms;
  throw usageError(`--${option} must be a time as 500ms, 10s or 2m, but is ${JSON.stringify(text)}`);
}
