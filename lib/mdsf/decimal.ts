/** So many decimal digits are always an exact double. */
export const EXACT_DIGITS = 15;
/** So many more make a number below 2^63, which is exact as the sum of two doubles. */
export const MORE_DIGITS = 3;
/** 10^22 is the highest power of ten that a double holds exactly. */
export const MAX_FRACTION_DIGITS = 22;

const POWERS_OF_TEN = Array.from({ length: MAX_FRACTION_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Splits a double in two of 26 bits (Veltkamp): their products with others of that size are exact. */
const SPLITTER = 2 ** 27 + 1;
/** More than the error of the correction below. */
const DOUBT = 1 + 2 ** -30;

/**
 * `mantissa / 10^fraction`, rounded as the engine does: both are exact, so is the division's rounding.
 * @param mantissa - at most {@link EXACT_DIGITS} digits
 * @param fraction - at most {@link MAX_FRACTION_DIGITS}
 */
export function shortDecimal(mantissa: number, fraction: number): number {
  return mantissa / POWERS_OF_TEN[fraction];
}

/**
 * As {@link shortDecimal} for more digits, several times as fast as `Number(text)`; NaN in the few cases where
 * this cannot tell which of two neighbours is nearer (about one of 300).
 *
 * The mantissa is `high + low`. The quotient of the high part is corrected by the remainder, which is
 * computed without an error (Dekker), divided once more. The correction is off by 2^-51 of itself at
 * most. So the sum is rounded correctly if a slightly larger rest would be rounded away as well.
 * @param leading - the first 15 digits
 * @param rest - the digits that follow
 * @param count - how many those are, up to {@link MORE_DIGITS}
 */
export function longDecimal(leading: number, rest: number, count: number, fraction: number): number {
  const scale = POWERS_OF_TEN[count];
  const divisor = POWERS_OF_TEN[fraction];
  const high = leading * scale + rest;
  // What rounding took from it is small: the lowest 32 bits of both are enough to tell.
  const low = (Math.imul(leading | 0, scale) + rest - (high | 0)) | 0;
  const quotient = high / divisor;
  const product = quotient * divisor;
  const remainder = high - product - productError(quotient, divisor, product) + low;
  const correction = remainder / divisor;
  const sum = quotient + correction;
  const lost = correction - (sum - quotient);
  return sum + lost * DOUBT === sum ? sum : NaN;
}

/** What `a * b` has more than its rounded `product`. */
function productError(a: number, b: number, product: number): number {
  let bits = SPLITTER * a;
  const aHigh = bits - (bits - a);
  const aLow = a - aHigh;
  bits = SPLITTER * b;
  const bHigh = bits - (bits - b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}
