const FIRST_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number));
const LAST_DIGITS = FIRST_DIGITS.map((text) => text.padStart(3, '0'));

/**
 * The text of a safe integer, put together of texts that are there already.
 *
 * Why: V8 keeps the texts that it has made of the last 16,384 numbers. Where each message has another number, all of them live
 * long enough for the collector to copy them twice, which was most of what it had to do for small calls.
 */
export function integerText(integer: number): string {
  if (integer < 0) return '-' + integerText(-integer);
  // Why two ways: V8 divides by whole numbers as long as they fit 32 bits.
  return (integer | 0) === integer ? int32Text(integer) : int53Text(integer);
}

function int32Text(integer: number): string {
  if (integer < 1000) return FIRST_DIGITS[integer];
  const rest = (integer / 1000) | 0;
  return int32Text(rest) + LAST_DIGITS[integer - rest * 1000];
}

function int53Text(integer: number): string {
  return integerText(Math.floor(integer / 1000)) + LAST_DIGITS[integer % 1000];
}
