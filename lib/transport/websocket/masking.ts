/** So many bytes are masked at once, as many as a mask has. */
const WORD_BYTES = 4;
/** How many words are masked in a turn of the loop. Why: half of the time. */
const WORDS_A_TURN = 4;
const NO_WORDS = new Int32Array(0);

/** The package `bufferutil`, which `ws` uses where it is installed: it masks in a fifth of the time. */
interface NativeMasking {
  mask(source: Uint8Array, mask: Uint8Array, target: Uint8Array, at: number, length: number): void;
}

let native: NativeMasking | undefined;

/**
 * Looks for what masks faster. Called when `ws` is loaded.
 * @param name - the package. Why a parameter: a bundler would miss one that is named in the import and not installed.
 */
export async function loadNativeMasking(name = 'bufferutil'): Promise<void> {
  if (process.env['WS_NO_BUFFER_UTIL']) return;
  try {
    const { default: loaded } = (await import(name)) as { default: NativeMasking };
    native = loaded;
  } catch {
    // It is not installed, or not for this platform.
  }
}

/**
 * Writes masked bytes to memory: those of a WebSocket's client are (RFC 6455, 5.3). The same once more unmasks them.
 *
 * Why not by `ws`: it masks to memory of its own, and without `bufferutil` one byte at a time, which takes twenty times as long.
 * @param mask - four bytes
 * @param target - may be the memory of the bytes, at the same place
 * @param at - where they begin there; it is faster where both begin at a multiple of four
 */
export function maskBytes(bytes: Uint8Array, mask: Uint8Array, target: Uint8Array, at = 0): void {
  if (native) native.mask(bytes, mask, target, at, bytes.length);
  else if (isAligned(bytes.byteOffset) && isAligned(target.byteOffset + at))
    maskWords(bytes, mask, target, at);
  else {
    target.set(bytes, at);
    maskInPlace(target.subarray(at, at + bytes.length), mask);
  }
}

function isAligned(at: number): boolean {
  return at % WORD_BYTES === 0;
}

/** Masks bytes that begin anywhere. */
function maskInPlace(bytes: Uint8Array, mask: Uint8Array): void {
  const before = Math.min((WORD_BYTES - (bytes.byteOffset % WORD_BYTES)) % WORD_BYTES, bytes.length);
  for (let index = 0; index < before; index++) bytes[index] ^= mask[index];
  const turned = new Uint8Array(WORD_BYTES);
  for (let index = 0; index < WORD_BYTES; index++) turned[index] = mask[(index + before) % WORD_BYTES];
  const rest = bytes.subarray(before);
  maskWords(rest, turned, rest, 0);
}

function maskWords(bytes: Uint8Array, mask: Uint8Array, target: Uint8Array, at: number): void {
  const words = Math.floor(bytes.length / WORD_BYTES);
  // Why not of no words: even then they must not begin between two.
  const from = words > 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, words) : NO_WORDS;
  const to = words > 0 ? new Int32Array(target.buffer, target.byteOffset + at, words) : NO_WORDS;
  const [word] = new Int32Array(Uint8Array.from(mask).buffer);
  let index = 0;
  for (; index <= words - WORDS_A_TURN; index += WORDS_A_TURN) {
    to[index] = from[index] ^ word;
    to[index + 1] = from[index + 1] ^ word;
    to[index + 2] = from[index + 2] ^ word;
    to[index + 3] = from[index + 3] ^ word;
  }
  for (; index < words; index++) to[index] = from[index] ^ word;
  for (index *= WORD_BYTES; index < bytes.length; index++)
    target[at + index] = bytes[index] ^ mask[index % WORD_BYTES];
}
