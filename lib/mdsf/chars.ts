// Classes of bytes, as bits of CHAR_CLASS.

/** A letter, `$` or `_`. */
export const IDENTIFIER_START = 1;
/** A letter, digit, `$` or `_`. */
export const IDENTIFIER_PART = 2;
/** 0 to 9. */
export const DIGIT = 4;
/** 0 to 9, a to f, A to F. */
export const HEX_DIGIT = 8;
/** A character that makes a complete escape of JSON behind a backslash. */
export const JSON_ESCAPE = 16;

/** The classes of each byte, as bits. */
export const CHAR_CLASS: Uint8Array = makeTable();

function makeTable(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (characters: string, bits: number): void => {
    for (const character of characters) {
      const code = character.charCodeAt(0);
      table[code] = (table[code] ?? 0) | bits;
    }
  };
  mark('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$_', IDENTIFIER_START | IDENTIFIER_PART);
  mark('0123456789', IDENTIFIER_PART | DIGIT | HEX_DIGIT);
  mark('abcdefABCDEF', HEX_DIGIT);
  mark('"\\/bfnrt', JSON_ESCAPE);
  return table;
}

/** Whether a character beyond ASCII is blank: JavaScript's blanks and line ends, and the byte order mark. */
export function isWideBlank(unit: number): boolean {
  return (
    unit === 0xa0 ||
    unit === 0xfeff ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000 ||
    unit === 0x1680
  );
}
