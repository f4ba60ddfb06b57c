import { buffers } from './node-buffers.js';

/** Begins and ends bytes in a text. No text of a peer without them has it outside of its strings and comments. */
export const BYTES_QUOTE = '`';
/** {@link BYTES_QUOTE} as a byte. */
export const BYTES_QUOTE_CODE = 96;

/** Begins, between these quotes, the length of bytes that are not in the text. No base64 has it. */
export const ATTACHED_MARK = ':';
/** {@link ATTACHED_MARK} as a byte. */
export const ATTACHED_MARK_CODE = 58;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Stands for a character that is none of base64. Its bits survive all shifts and the `|` of a group. */
const INVALID = -1;
const VALUES = /* @__PURE__ */ makeValues();

/**
 * How many characters are decoded or encoded by one call of the platform. A multiple of 4.
 * Why pieces: V8 asks the system for the memory of a longer text, which takes longer than to fill it.
 */
const PIECE_CHARACTERS = 64 * 1024;
const PIECE_BYTES = (PIECE_CHARACTERS / 4) * 3;
/** How much memory small bytes of a message share. Half of it is not small. */
const POOL_BYTES = 8 * 1024;
/** How many bytes as large as one may share its memory, where it was attached. */
const SHARED_BY = 64;
/** Up to this many characters a loop is faster than the calls of the platform. */
const LOOP_CHARACTERS = 64;
/** How many bytes are one text for `String.fromCharCode`. A multiple of 3. */
const LOOP_BYTES = 3 * 1024;

/**
 * The memory of bytes of one message. Why not Node's own pool: 8 KiB of what anybody has sent, 64 KiB from Node 24 on, would
 * stay for each few bytes that a program keeps.
 */
export class BytesMemory {
  private pool: Uint8Array | undefined;
  private used = 0;

  /** @param most - how many bytes the message may still have, with these */
  take(size: number, most: number): Uint8Array {
    if (!buffers) return new Uint8Array(size);
    if (size >= POOL_BYTES / 2) return buffers.allocUnsafeSlow(size);
    if (!this.pool || this.used + size > this.pool.length) {
      this.pool = buffers.allocUnsafeSlow(Math.max(size, Math.min(POOL_BYTES, most)));
      this.used = 0;
    }
    const from = this.used;
    // Each begins where any typed array may.
    this.used = (from + size + 7) & ~7;
    return this.pool.subarray(from, from + size);
  }

  /** The message is read. */
  clear(): void {
    this.pool = undefined;
  }
}

/**
 * Decodes base64 as RFC 4648 has it, padded and without blanks.
 * @param data - where the characters are, one byte for each; any other character is a byte that is none of base64
 * @param memory - where the bytes go
 * @param length - where the message ends
 * @returns a Buffer in Node, else a Uint8Array, and no view of `data`; undefined where that is no base64
 */
export function decodeBase64(
  data: Uint8Array,
  start: number,
  end: number,
  memory: BytesMemory,
  length = end,
): Uint8Array | undefined {
  const characters = end - start;
  if (characters % 4 !== 0) return undefined;
  if (characters === 0) return emptyBytes();
  const padding = data[end - 1] !== 61 ? 0 : data[end - 2] === 61 ? 2 : 1;
  const size = (characters / 4) * 3 - padding;
  const bytes = memory.take(size, Math.ceil(((length - start) * 3) / 4));
  if (!buffers || characters <= LOOP_CHARACTERS)
    return decodeByLoop(data, start, end, padding, bytes) ? bytes : undefined;
  // By the loop, which sees what the platform lets pass: `=` within the text, and bits that are not used.
  const last = end - 4;
  const methods = buffers.prototype;
  let at = 0;
  for (let from = start; from < last; from += PIECE_CHARACTERS) {
    const text = methods.latin1Slice.call(data, from, Math.min(from + PIECE_CHARACTERS, last));
    // Node takes these two of the alphabet for addresses, and leaves out all other characters.
    if (text.includes('-') || text.includes('_')) return undefined;
    at += methods.base64Write.call(bytes, text, at);
  }
  if (at !== ((last - start) / 4) * 3) return undefined;
  return decodeByLoop(data, last, end, padding, bytes, at) ? bytes : undefined;
}

let noBytes: Uint8Array | undefined;

/** One for all. Why: nothing can be written to it, and Node takes longer to make it than for some bytes. */
function emptyBytes(): Uint8Array {
  // Memory of one byte shows by its size whether a program has transferred it to a worker: nothing can be done with it then.
  if (!noBytes?.buffer.byteLength) noBytes = joinBytes([new Uint8Array(1)]).subarray(0, 0);
  return noBytes;
}

/** @param to - where the bytes go */
function decodeByLoop(
  data: Uint8Array,
  start: number,
  end: number,
  padding: number,
  bytes: Uint8Array,
  to = 0,
): boolean {
  const whole = padding === 0 ? end : end - 4;
  let at = to;
  let seen = 0;
  for (let i = start; i < whole; i += 4) {
    const group =
      (VALUES[data[i]] << 18) |
      (VALUES[data[i + 1]] << 12) |
      (VALUES[data[i + 2]] << 6) |
      VALUES[data[i + 3]];
    seen |= group;
    bytes[at] = group >> 16;
    bytes[at + 1] = group >> 8;
    bytes[at + 2] = group;
    at += 3;
  }
  if (padding === 0) return seen >= 0;
  const third = padding === 2 ? 0 : VALUES[data[whole + 2]];
  const group = (VALUES[data[whole]] << 18) | (VALUES[data[whole + 1]] << 12) | (third << 6);
  bytes[at] = group >> 16;
  if (padding === 1) bytes[at + 1] = group >> 8;
  return (seen | group) >= 0 && (group & (padding === 2 ? 0xffff : 0xff)) === 0;
}

/**
 * Part of bytes that do not change any more: a view where that keeps little else in memory, else a copy.
 * @param source - the bytes, whose memory nothing else uses again
 * @param memory - where a copy goes
 * @returns a Buffer in Node, else a Uint8Array
 */
export function partOf(source: Uint8Array, start: number, size: number, memory: BytesMemory): Uint8Array {
  // Half of it is too little. Why: the other half may be another part, and each must have memory of its own.
  if (size * 2 <= source.buffer.byteLength) {
    // Not memory for all that follows: most of that may be large, and what is kept of few bytes must be little.
    const copy = memory.take(size, Math.min(source.length - start, size * SHARED_BY));
    copy.set(source.subarray(start, start + size));
    return copy;
  }
  const offset = source.byteOffset + start;
  return buffers ? buffers.from(source.buffer, offset, size) : new Uint8Array(source.buffer, offset, size);
}

/** A copy of bytes, one behind the other. @param bytes - where it goes; it has as many. @default memory of its own */
export function joinBytes(
  parts: readonly Uint8Array[],
  bytes: Uint8Array = newMemory(sizeOfAll(parts)),
): Uint8Array {
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** How many bytes there are together. */
export function sizeOfAll(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

/** Memory that need not be cleared. @returns a Buffer in Node, else a Uint8Array */
export function newMemory(size: number): Uint8Array {
  return buffers ? buffers.allocUnsafeSlow(size) : new Uint8Array(size);
}

/** The base64 text of bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  if (bytes.length <= PIECE_BYTES) return encodePiece(bytes, 0, bytes.length);
  let text = '';
  // Why not joined: a transport makes one text of it when it writes.
  for (const piece of base64Pieces(bytes)) text += piece;
  return text;
}

/** The base64 text of bytes, as texts that follow one another. */
export function base64Pieces(bytes: Uint8Array): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    pieces.push(encodePiece(bytes, from, Math.min(from + PIECE_BYTES, bytes.length)));
  return pieces;
}

function encodePiece(bytes: Uint8Array, start: number, end: number): string {
  if (buffers) return buffers.prototype.base64Slice.call(bytes, start, end);
  const piece = bytes.subarray(start, end);
  // Newer platforms have it.
  return (piece as Uint8Array & { toBase64?: () => string }).toBase64?.() ?? encodeByLoop(piece);
}

function encodeByLoop(bytes: Uint8Array): string {
  const units: number[] = [];
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const rest = bytes.length - i;
    const group = (bytes[i] << 16) | ((rest > 1 ? bytes[i + 1] : 0) << 8) | (rest > 2 ? bytes[i + 2] : 0);
    units.push(
      ALPHABET.charCodeAt(group >> 18),
      ALPHABET.charCodeAt((group >> 12) & 63),
      rest > 1 ? ALPHABET.charCodeAt((group >> 6) & 63) : 61,
      rest > 2 ? ALPHABET.charCodeAt(group & 63) : 61,
    );
    if ((i + 3) % LOOP_BYTES !== 0) continue;
    text += String.fromCharCode(...units);
    units.length = 0;
  }
  return text + String.fromCharCode(...units);
}

function makeValues(): Int32Array {
  const values = new Int32Array(256).fill(INVALID);
  for (let value = 0; value < ALPHABET.length; value++) values[ALPHABET.charCodeAt(value)] = value;
  return values;
}

/**
 * The bytes of what is sent as bytes: an ArrayBuffer, a SharedArrayBuffer, a DataView, a typed array of any kind, a Buffer.
 * They are a view, no copy. Undefined for all else, and for what {@link hasLostMemory}.
 */
export function bytesOf(value: object): Uint8Array | undefined {
  if (!isBytes(value) || hasLostMemory(value)) return undefined;
  // Of a fixed length: memory that shrinks later leaves no part of them.
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value, 0, value.byteLength);
}

/** Whether a value is one that {@link bytesOf} names, of another realm, too, and not just an object that says so. */
export function isBytes(value: object): value is ArrayBufferView | ArrayBufferLike {
  return ArrayBuffer.isView(value) || sizeOf(value) !== undefined;
}

/**
 * Whether bytes cannot be read any more: their memory was transferred, to a worker say, or was resized so that a view of
 * it is beyond its end.
 */
export function hasLostMemory(value: ArrayBufferView | ArrayBufferLike): boolean {
  try {
    // Their sizes are 0 then, that of a DataView is an error.
    if (value.byteLength > 0) return false;
    // By no method of the value: its class may have one that does not look at the memory.
    if (!ArrayBuffer.isView(value)) new Uint8Array(value);
    else if ('BYTES_PER_ELEMENT' in value) Uint8Array.prototype.keys.call(value as Uint8Array);
    return false;
  } catch {
    return true;
  }
}

/** The end of the message of an error of such bytes. */
export const MEMORY_IS_GONE = 'cannot be read: their memory was transferred or resized';

/** The size of an ArrayBuffer or a SharedArrayBuffer; undefined for all else. */
function sizeOf(value: object): number | undefined {
  const tag = Object.prototype.toString.call(value);
  if (!tag.includes('ArrayBuffer')) return undefined;
  try {
    // Pages may have no shared memory.
    const type = tag.includes('Shared') ? SharedArrayBuffer : ArrayBuffer;
    return Reflect.get(type.prototype, 'byteLength', value);
  } catch {
    return undefined;
  }
}
