import { CHAR_CLASS, HEX_DIGIT } from './chars.js';

/** Throws the error of a wrong escape sequence. */
export type EscapeFailure = (message: string, index: number) => never;

const SIMPLE: Readonly<Record<string, string | undefined>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const MAX_CODE_POINT = 0x10ffff;
const MAX_CODE_POINT_DIGITS = 8;

/**
 * Returns the text that a string with escape sequences stands for.
 * @param raw - the text between the quotes
 * @param fail - throws for a wrong sequence; it is called with the position in `raw`
 */
export function unescape(raw: string, fail: EscapeFailure): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = raw.indexOf('\\'); at !== -1; at = raw.indexOf('\\', from)) {
    if (at > from) parts.push(raw.slice(from, at));
    from = readEscape(raw, at + 1, parts, fail);
    // Behind `from`, since the character after a backslash may be one, too.
  }
  if (from < raw.length) parts.push(raw.slice(from));
  return parts.join('');
}

/** Adds the text of an escape sequence to `parts`, and returns the position behind the sequence. */
function readEscape(raw: string, at: number, parts: string[], fail: EscapeFailure): number {
  const character = raw.charAt(at);
  const simple = SIMPLE[character];
  if (simple !== undefined) {
    parts.push(simple);
    return at + 1;
  }
  if (character >= '0' && character <= '7') return readOctal(raw, at, parts);
  switch (character) {
    case 'x':
      parts.push(String.fromCharCode(readHex(raw, at + 1, at + 3, fail)));
      return at + 3;
    case 'u':
      return readUnicode(raw, at + 1, parts, fail);
    case '\r':
      // A line continuation, as in JavaScript: neither the backslash nor the line end belongs to the text.
      return raw.charAt(at + 1) === '\n' ? at + 2 : at + 1;
    case '\n':
    case '\u2028':
    case '\u2029':
      return at + 1;
    default:
      parts.push(character);
      return at + 1;
  }
}

function readOctal(raw: string, at: number, parts: string[]): number {
  let code = 0;
  let end = at;
  for (; end < at + 3; end++) {
    const digit = raw.charCodeAt(end) - 48;
    if (!(digit >= 0 && digit <= 7)) break;
    code = code * 8 + digit;
  }
  parts.push(String.fromCharCode(code));
  return end;
}

function readUnicode(raw: string, at: number, parts: string[], fail: EscapeFailure): number {
  if (raw.charAt(at) !== '{') {
    parts.push(String.fromCharCode(readHex(raw, at, at + 4, fail)));
    return at + 4;
  }
  const end = raw.indexOf('}', at);
  if (end === -1 || end === at + 1 || end - at - 1 > MAX_CODE_POINT_DIGITS) fail('Invalid code point', at);
  const codePoint = readHex(raw, at + 1, end, fail);
  if (codePoint > MAX_CODE_POINT) fail('Invalid code point', at);
  parts.push(String.fromCodePoint(codePoint));
  return end + 1;
}

function readHex(raw: string, from: number, to: number, fail: EscapeFailure): number {
  for (let i = from; i < to; i++) {
    // NaN beyond the end, and no entry beyond ASCII: neither is a hexadecimal digit.
    if ((CHAR_CLASS[raw.charCodeAt(i)] & HEX_DIGIT) === 0) fail('Hexadecimal digit expected', i);
  }
  return Number.parseInt(raw.slice(from, to), 16);
}
