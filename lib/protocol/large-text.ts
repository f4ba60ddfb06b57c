/** V8 keeps longer strings on pages of their own, and making one costs many times what copying it does. */
const LARGE_STRING = 32 * 1024;

/** A text and what it was put together from. */
interface PutTogether {
  readonly text: string;
  readonly parts: readonly string[];
}

/** The last one; weak, as nobody has to ask for it. */
let last: WeakRef<PutTogether> | undefined;

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
  last = new WeakRef({ text, parts });
  return text;
}

/** What a large text was put together from, if it was the last one; else itself. */
export function partsOf(text: string): readonly string[] {
  if (last === undefined || text.length < LARGE_STRING) return [text];
  const remembered = last.deref();
  if (remembered?.text !== text) return [text];
  last = undefined;
  return remembered.parts;
}
