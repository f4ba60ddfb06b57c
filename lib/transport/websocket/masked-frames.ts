import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { AttachedMessage } from '../../protocol/attached-message.js';
import { giveMemory, takeMemory } from '../../protocol/lease.js';
import { tellsWhenWritten } from '../node-internals.js';
import { attachedHead } from '../socket/write-text.js';
import { maskBytes } from './masking.js';

/** The first byte of a frame: what it is, and whether it is the last of its message. */
const BINARY = 0x02;
const LAST_CONTINUATION = 0x80;
/** The second: that it is masked; and its length, or a mark for a length that follows. */
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;
/** Masked bytes begin at a multiple of this. Why: it is faster. */
const ALIGNED_BYTES = 4;

/**
 * Writes a message with bytes behind its text as a client does: a frame with the text, and one with the bytes. Both are masked in
 * memory that is used again, where the socket tells when it is written.
 *
 * Why not by `ws`: it masks to memory that it makes for each message.
 */
export function writeMaskedFrames(socket: Socket, message: AttachedMessage): void {
  const head = attachedHead(message);
  const { bytes } = message;
  const before = headSize(head.length) + head.length + headSize(bytes.length);
  const start = (ALIGNED_BYTES - (before % ALIGNED_BYTES)) % ALIGNED_BYTES;
  const size = start + before + bytes.length;
  const lent = tellsWhenWritten(socket) ? takeMemory(size) : undefined;
  const memory = lent ? Buffer.from(lent.buffer, lent.byteOffset, size) : Buffer.allocUnsafeSlow(size);
  const masks = crypto.getRandomValues(new Uint8Array(2 * MASK_BYTES));
  const next = writeFrame(memory, start, BINARY, head, masks.subarray(0, MASK_BYTES));
  writeFrame(memory, next, LAST_CONTINUATION, bytes, masks.subarray(MASK_BYTES));
  socket.write(memory.subarray(start), (error) => {
    if (lent && !error) giveMemory(lent);
  });
}

/** @returns where the frame ends */
function writeFrame(
  memory: Buffer,
  start: number,
  kind: number,
  payload: Uint8Array,
  mask: Uint8Array,
): number {
  const { length } = payload;
  const at = start + headSize(length);
  memory[start] = kind;
  memory[start + 1] = MASKED | Math.min(length, lengthMark(length));
  if (lengthMark(length) === LENGTH_16) memory.writeUInt16BE(length, start + 2);
  else if (lengthMark(length) === LENGTH_64) memory.writeBigUInt64BE(BigInt(length), start + 2);
  memory.set(mask, at - MASK_BYTES);
  maskBytes(payload, mask, memory, at);
  return at + length;
}

/** How many bytes are before the payload of a frame. */
function headSize(length: number): number {
  const mark = lengthMark(length);
  return 2 + (mark === LENGTH_16 ? 2 : mark === LENGTH_64 ? 8 : 0) + MASK_BYTES;
}

/** What a frame has in the place of a length that does not fit there; else the length. */
function lengthMark(length: number): number {
  if (length < LENGTH_16) return length;
  return length < 2 ** 16 ? LENGTH_16 : LENGTH_64;
}
