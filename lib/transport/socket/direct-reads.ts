import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { readInto } from '../node-internals.js';

/** How many bytes are read at once to memory that is used again: as many as Node reads. */
const SCRATCH_BYTES = 64 * 1024;
/** So many bytes of one message must be awaited for the first time. Why: with 64 KiB it wins nothing. */
const FIRST_FROM_BYTES = 128 * 1024;
/** From so many bytes on, what is awaited of a message is read to its own memory. Fewer are copied. Why: each read has its price. */
export const DIRECT_FROM_BYTES = 32 * 1024;

// One for all sockets. Invariant: what is kept of it was copied when the reader returns.
let scratch: Buffer | undefined;

/** Says where the bytes go that a socket reads, and takes them. */
export interface DirectReader {
  /** Memory for what comes next, where at least so many bytes of a message are awaited. */
  roomFor(least: number): Uint8Array | undefined;
  /** Takes what was read. @param isReused whether the bytes change when this returns; else they are in their room */
  received(chunk: Buffer, isReused: boolean): void;
}

/**
 * Makes a socket read what is awaited of large messages straight to their memory, and all else to memory that is used again,
 * where the rest of a large message is awaited now.
 * @returns whether it does from now on
 */
export function readDirectly(socket: Socket, reader: DirectReader): boolean {
  if (!reader.roomFor(FIRST_FROM_BYTES)) return false;
  const memoryOf = (): Uint8Array =>
    reader.roomFor(DIRECT_FROM_BYTES) ?? (scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES));
  return readInto(socket, memoryOf, (count, { buffer, byteOffset }) => {
    try {
      reader.received(Buffer.from(buffer, byteOffset, count), buffer === scratch?.buffer);
    } catch (error) {
      // Why: Node would go on to read into memory that may be the program's by now.
      socket.destroy();
      throw error;
    }
  });
}
