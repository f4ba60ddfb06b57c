import type { OutputStream } from './io.js';

/** Colours, or none. */
export interface Style {
  key(text: string): string;
  /** @param value tells the colour */
  value(text: string, value: unknown): string;
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

const same = (text: string): string => text;
const colour =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`;

/** No colours. */
export const PLAIN: Style = { key: same, value: same, strong: same, faint: same, good: same, bad: same };

const green = colour(32);
const yellow = colour(33);
const cyan = colour(36);
const faint = colour(90);

const COLOURED: Style = {
  key: cyan,
  value: (text, value) => {
    if (typeof value === 'string') return green(text);
    if (typeof value === 'object' && value !== null) return text;
    return value === undefined || value === null ? faint(text) : yellow(text);
  },
  strong: colour(1),
  faint,
  good: green,
  bad: colour(31),
};

/** The style for a stream: colours on a terminal that has them, unless NO_COLOR is set (https://no-color.org). */
export function styleFor(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): Style {
  const isPlain = stream.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return isPlain ? PLAIN : COLOURED;
}
