/** @import { PayloadName } from '../types.js' */

const KIB = 1024;

/** @type {Readonly<Record<PayloadName, () => unknown>>} */
const MAKERS = {
  'text-16': () => text(16),
  'text-1k': () => text(KIB),
  'text-64k': () => text(64 * KIB),
  'text-1m': () => text(KIB * KIB),
  'bytes-64k': () => bytes(64 * KIB),
  'bytes-1m': () => bytes(KIB * KIB),
  'rows-1k': () => rows(KIB),
  'rows-64k': () => rows(64 * KIB),
  'rows-1m': () => rows(KIB * KIB),
};

/** @param {PayloadName} name */
export function payloadOf(name) {
  return MAKERS[name]();
}

/** @param {number} length in characters, all ASCII */
function text(length) {
  const words = 'the quick brown fox jumps over a lazy dog, ';
  return words.repeat(Math.ceil(length / words.length)).slice(0, length);
}

/** @param {number} length of bytes of all values, in no order */
function bytes(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => Math.imul(index, 0x9e3779b1) >>> 13));
}

/** @param {number} index */
export function row(index) {
  return {
    id: index,
    name: `Person number ${index}`,
    email: `person.${index}@example.com`,
    isActive: index % 3 !== 0,
    balance: (index * 7919) / 100,
    tags: ['alpha', 'beta'],
  };
}

/** @param {number} bytes of the JSON text, about */
function rows(bytes) {
  const count = Math.max(1, Math.round(bytes / JSON.stringify(row(1000)).length));
  return Array.from({ length: count }, (_, index) => row(index));
}
