/** An integer of up to this many decimal digits is always an exact double. */
export const EXACT_DIGITS = 15;
/** With up to this many digits more it is below 2^63, and exact as the sum of two doubles. */
export const MORE_DIGITS = 3;
/** 10^22 is the highest power of ten that a double holds exactly. */
export const MAX_FRACTION_DIGITS = 22;

const POWERS_OF_TEN = Array.from({ length: MAX_FRACTION_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Splits a double into two of 26 bits (Veltkamp). Products of two such doubles are exact. */
const SPLITTER = 2 ** 27 + 1;
/** A factor larger than the error of the correction below. */
const DOUBT = 1 + 2 ** -30;

/**
 * Returns `mantissa / 10^fraction`, rounded as the engine rounds: both are exact doubles, and one division rounds once.
 * @param mantissa - an integer of at most {@link EXACT_DIGITS} digits
 * @param fraction - how many digits follow the point, at most {@link MAX_FRACTION_DIGITS}
 */
export function shortDecimal(mantissa: number, fraction: number): number {
  return mantissa / POWERS_OF_TEN[fraction];
}

/**
 * Does what {@link shortDecimal} does, for more digits. Several times as fast as `Number(text)`. Returns NaN in the few
 * cases (about one of 300) where the calculation cannot tell which of two doubles is nearer.
 *
 * The mantissa is `high + low`. The quotient of the high part is corrected: its remainder, computed without an error
 * (Dekker), is divided as well. The correction's error is at most 2^-51 of it. So the sum is rounded correctly if
 * rounding would also remove a slightly larger rest.
 * @param leading - the value of the first 15 digits
 * @param rest - the value of the digits that follow
 * @param count - how many digits `rest` has, at most {@link MORE_DIGITS}
 * @param fraction - how many digits follow the point, at most {@link MAX_FRACTION_DIGITS}
 */
export function longDecimal(leading: number, rest: number, count: number, fraction: number): number {
  const scale = POWERS_OF_TEN[count];
  const divisor = POWERS_OF_TEN[fraction];
  const high = leading * scale + rest;
  // The rounding error of `high` is small: the lowest 32 bits are enough to compute it.
  const low = (Math.imul(leading | 0, scale) + rest - (high | 0)) | 0;
  const quotient = high / divisor;
  const product = quotient * divisor;
  const remainder = high - product - productError(quotient, divisor, product) + low;
  const correction = remainder / divisor;
  const sum = quotient + correction;
  const lost = correction - (sum - quotient);
  return sum + lost * DOUBT === sum ? sum : NaN;
}

/** The exact `a * b` minus its rounded `product`. */
function productError(a: number, b: number, product: number): number {
  let bits = SPLITTER * a;
  const aHigh = bits - (bits - a);
  const aLow = a - aHigh;
  bits = SPLITTER * b;
  const bHigh = bits - (bits - b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}
