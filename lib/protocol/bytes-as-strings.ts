import { BYTES_QUOTE } from '../mdsf/index.js';

const ANY_QUOTE = /['"`]/g;

/**
 * Makes strings of a message's bytes, for a peer that takes no bytes: it was written for another one.
 * @param text - a message that a function of `format-message.ts` made
 */
export function bytesAsStrings(text: string): string {
  // Most messages have none, and a session is seldom lost.
  return text.includes(BYTES_QUOTE) ? mapBytes(text, (body) => ["'", body, "'"]).join('') : text;
}

/**
 * Replaces the bytes of a message.
 * @param text - a message that a function of `format-message.ts` made
 * @param replace - returns what stands in the place of bytes, quotes and all, for what was between the quotes
 * @returns the text, as texts that follow one another
 */
export function mapBytes(text: string, replace: (body: string) => readonly string[]): string[] {
  const pieces: string[] = [];
  let from = 0;
  ANY_QUOTE.lastIndex = 0;
  for (let found = ANY_QUOTE.exec(text); found; found = ANY_QUOTE.exec(text)) {
    const [quote] = found;
    const end = endOfString(text, found.index, quote);
    if (end === -1) break;
    if (quote === BYTES_QUOTE) {
      pieces.push(text.slice(from, found.index), ...replace(text.slice(found.index + 1, end)));
      from = end + 1;
    }
    ANY_QUOTE.lastIndex = end + 1;
  }
  pieces.push(text.slice(from));
  return pieces;
}

/** Where a string ends that begins at `start`. Escapes are between double quotes alone, as this package writes them. */
function endOfString(text: string, start: number, quote: string): number {
  let end = text.indexOf(quote, start + 1);
  while (quote === '"' && isEscaped(text, end)) end = text.indexOf(quote, end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 92) backslashes++;
  return backslashes % 2 === 1;
}
