import { nextTick } from '../util/host.js';

/** V8 keeps longer strings on pages of their own, and making one costs many times what copying it does. */
const LARGE_STRING = 32 * 1024;

/** A text and what it was put together from. */
interface PutTogether {
  readonly text: string;
  readonly parts: readonly string[];
}

/** The last one of this tick. */
let last: PutTogether | undefined;

/** Whether a text with this string in it is worth a {@link putTogether}. */
export function isLargeString(value: unknown): value is string {
  return typeof value === 'string' && value.length >= LARGE_STRING;
}

/**
 * Joins strings to a text, and remembers them for {@link partsOf}: before V8 reads a character of a joined
 * string it copies it as a whole. Who writes the parts one by one spares that.
 */
export function putTogether(...parts: readonly [string, string, string]): string {
  const [head, body, tail] = parts;
  const text = head + body + tail;
  // Nobody has to ask for it: it goes by itself.
  if (last === undefined) nextTick(forget);
  last = { text, parts };
  return text;
}

/** What a large text was put together from, if it was the last one; else itself. */
export function partsOf(text: string): readonly string[] {
  if (text.length < LARGE_STRING || last?.text !== text) return [text];
  const { parts } = last;
  last = undefined;
  return parts;
}

function forget(): void {
  last = undefined;
}
