import { host } from './host.js';

const ID_BYTES = 16;
// Taken from the system for many ids at once: each asking costs as much as ten ids.
const POOL_BYTES = 256 * ID_BYTES;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

let pool: Uint8Array | undefined;
let poolUsed = POOL_BYTES;

/** 128 random bits as 32 hexadecimal digits: what nobody can guess, for session ids. */
export function randomId(): string {
  if (!pool || poolUsed === POOL_BYTES) {
    pool = host.crypto.getRandomValues(pool ?? new Uint8Array(POOL_BYTES));
    poolUsed = 0;
  }
  let id = '';
  for (const end = poolUsed + ID_BYTES; poolUsed < end; poolUsed++) {
    id += HEX[pool[poolUsed]];
    // No id can be read from here afterwards.
    pool[poolUsed] = 0;
  }
  return id;
}

/** A random whole number from 0 to max, max included, to spread the reconnects of many clients. */
export function randomUpTo(max: number): number {
  const [value = 0] = host.crypto.getRandomValues(new Uint32Array(1));
  return Math.floor((value / 0x1_0000_0000) * (max + 1));
}
