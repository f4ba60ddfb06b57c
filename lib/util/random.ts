import { host } from './host.js';

const ID_BYTES = 16;
// Why random bytes for many ids at once: a request to the system takes as long as making ten ids.
const POOL_BYTES = 256 * ID_BYTES;
/** The character codes of the hexadecimal digits. */
const DIGITS = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
// Why an array of codes: an id that was joined from parts would be a tree of strings until somebody reads it.
const codes = new Array<number>(2 * ID_BYTES).fill(0);

let pool: Uint8Array | undefined;
let poolUsed = POOL_BYTES;

/**
 * Makes an id that nobody can guess, for sessions: 128 random bits as 32 hexadecimal digits. Only servers make ids.
 * @throws {TypeError} where the platform has no global `crypto`
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
  // Leaves no copy of the id behind.
  codes.fill(0);
  return id;
}

/**
 * A random integer from 0 to max, both included. It may be easy to guess: use it to spread the reconnects of many
 * clients, or to tell two claimants apart. Why not `crypto`: clients run where there is none, too (React Native).
 */
export function randomUpTo(max: number): number {
  return Math.floor(Math.random() * (max + 1));
}
