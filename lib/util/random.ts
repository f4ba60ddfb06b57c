import { host } from './host.js';

const ID_BYTES = 16;
// Taken from the system for many ids at once: each asking costs as much as ten ids.
const POOL_BYTES = 256 * ID_BYTES;
/** The character codes of the hexadecimal digits. */
const DIGITS = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
// An id of one piece: joined from parts it would be a tree of them, until somebody reads it.
const codes = new Array<number>(2 * ID_BYTES).fill(0);

let pool: Uint8Array | undefined;
let poolUsed = POOL_BYTES;

/**
 * 128 random bits as 32 hexadecimal digits: what nobody can guess, for session ids. Only servers make them.
 * @throws where the platform has no global `crypto`
 */
export function randomId(): string {
  if (!pool || poolUsed === POOL_BYTES) {
    pool = host.crypto.getRandomValues(pool ?? new Uint8Array(POOL_BYTES));
    poolUsed = 0;
  }
  for (let place = 0; place < codes.length; place += 2) {
    const byte = pool[poolUsed];
    codes[place] = DIGITS[byte >> 4];
    codes[place + 1] = DIGITS[byte & 15];
    pool[poolUsed++] = 0;
  }
  const id = String.fromCharCode(...codes);
  // No id can be read from here afterwards.
  codes.fill(0);
  return id;
}

/**
 * A random whole number from 0 to max, max included: to spread the reconnects of many clients, to tell two claimants
 * apart. It need not be hard to guess, so that clients run where there is no global `crypto`, too (React Native).
 */
export function randomUpTo(max: number): number {
  return Math.floor(Math.random() * (max + 1));
}
