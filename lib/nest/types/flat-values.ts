/** What a text of devalue may have that this package writes. */
const TYPES = new Set([
  ...['Date', 'Map', 'Set', 'RegExp', 'URL', 'URLSearchParams', 'BigInt', 'Object', 'null'],
  ...['Bytes', 'Error', 'As', 'Plain'],
]);
/** As how many values one of these counts. Why: to make it takes as long as to make so many others. */
const VALUES_OF_TYPED = 8;
/** Stands before the length of an array with many holes. */
const SPARSE = -7;
/** The longest bigint, in digits. Why: reading one takes time that grows with the square of them. */
const MAX_DIGITS = 1024;
const BIGINT = /^-?\d+$/;
/** The longest source of a RegExp, and the longest URL. */
const MAX_TEXT = 8192;

/**
 * Reads a text of devalue up to its flat values, and checks these. Why: it comes from strangers, and devalue bounds neither
 * numbers nor sizes.
 * @param maxValues how many values there may be
 * @throws {TypeError} for what this package does not write
 */
export function checkFlat(text: string, maxValues: number): number | unknown[] {
  if (text.length > maxValues && mayExceed(text, maxValues)) throw tooMany();
  const flat: unknown = JSON.parse(text);
  if (typeof flat === 'number') return flat;
  if (!Array.isArray(flat)) throw new TypeError('It is no text of devalue');
  let counted = 0;
  for (const value of flat as unknown[]) {
    if (!Array.isArray(value)) continue;
    const [first, second] = value as unknown[];
    if (typeof first === 'string') {
      checkTyped(first, second);
      counted += VALUES_OF_TYPED;
    } else if (first === SPARSE) counted += typeof second === 'number' ? second : Infinity;
    if (counted > maxValues) throw tooMany();
  }
  return flat as unknown[];
}

function checkTyped(type: string, content: unknown): void {
  if (!TYPES.has(type)) throw new TypeError('A value is of an unknown type');
  const isWrong =
    (type === 'BigInt' && !(isShort(content, MAX_DIGITS) && BIGINT.test(content))) ||
    ((type === 'RegExp' || type === 'URL' || type === 'URLSearchParams') && !isShort(content, MAX_TEXT));
  if (isWrong) throw new TypeError(`A ${type} is wrong, or too long`);
}

function isShort(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most;
}

/** Whether a text of JSON may have more values: there are no more than commas and brackets. */
function mayExceed(text: string, maxValues: number): boolean {
  let left = maxValues - 1;
  for (let i = 0; i < text.length && left >= 0; i++) {
    const c = text.charCodeAt(i);
    if (c === 44 || c === 91 || c === 123) left--;
  }
  return left < 0;
}

function tooMany(): TypeError {
  return new TypeError('There are more values than limits.maxMessageNodes');
}
