import { host } from './host.js';

const ID_BYTES = 16;

/** 128 random bits as 32 hexadecimal digits: what nobody can guess, for session ids. */
export function randomId(): string {
  const bytes = host.crypto.getRandomValues(new Uint8Array(ID_BYTES));
  let id = '';
  for (const byte of bytes) id += byte.toString(16).padStart(2, '0');
  return id;
}

/** A random whole number from 0 to max, max included, to spread the reconnects of many clients. */
export function randomUpTo(max: number): number {
  const [value = 0] = host.crypto.getRandomValues(new Uint32Array(1));
  return Math.floor((value / 0x1_0000_0000) * (max + 1));
}
