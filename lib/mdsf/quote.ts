/** From this length on, searches by `indexOf` (memchr) are faster than reading each character. */
const SEARCH_FROM_LENGTH = 192;

const LINE_SEPARATORS = /[\u2028\u2029]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** A string with a method of ES2024. Every supported Node has it, an older browser may not. */
type MaybeWellFormed = string & { isWellFormed?(): boolean };

/**
 * Writes a string as MDSF: between apostrophes where nothing has to be escaped, else as a JSON string. Both reference
 * parsers read either.
 */
export function quote(text: string): string {
  return isClean(text) ? "'" + text + "'" : escaped(text);
}

/**
 * Whether nothing has to be escaped between apostrophes. These have to be: apostrophe, backslash, NUL (it ends
 * messages), CR, LF, U+2028 and U+2029 (the native reference parser refuses them), and lone surrogates, which UTF-8 cannot
 * encode. A short string with a surrogate pair counts as one with a lone one: {@link escaped} tells them apart.
 */
export function isClean(text: string): boolean {
  const { length } = text;
  if (length >= SEARCH_FROM_LENGTH) return !needsEscape(text);
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (
      c === 39 ||
      c === 92 ||
      (c < 14 && (c === 10 || c === 13 || c === 0)) ||
      (c >= 0x2028 && (c <= 0x2029 || (c & 0xf800) === 0xd800))
    ) {
      return false;
    }
  }
  return true;
}

/** Writes a key as MDSF: bare where it is an identifier of ASCII, else quoted. */
export function quoteKey(key: string): string {
  const length = key.length;
  if (length === 0) return "''";
  for (let i = 0; i < length; i++) {
    const c = key.charCodeAt(i);
    const isLetter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 36;
    if (!isLetter && (c < 48 || c > 57 || i === 0)) return quote(key);
  }
  return key;
}

/** Escapes U+2028 and U+2029 in a text of `JSON.stringify`, which leaves them as they are. */
export function escapeLineSeparators(json: string): string {
  return json.includes('\u2028') || json.includes('\u2029')
    ? json.replace(LINE_SEPARATORS, (c) => (c === '\u2028' ? '\\u2028' : '\\u2029'))
    : json;
}

function escaped(text: string): string {
  return escapeLineSeparators(JSON.stringify(text));
}

function needsEscape(text: string): boolean {
  return (
    text.includes("'") ||
    text.includes('\\') ||
    text.includes('\n') ||
    text.includes('\r') ||
    text.includes('\0') ||
    text.includes('\u2028') ||
    text.includes('\u2029') ||
    !isWellFormed(text)
  );
}

function isWellFormed(text: MaybeWellFormed): boolean {
  return text.isWellFormed?.() ?? !LONE_SURROGATE.test(text);
}
