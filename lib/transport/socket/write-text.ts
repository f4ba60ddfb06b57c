import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import {
  ATTACHED_HEADER_BYTES,
  lendMemory,
  writeAttachedHeader,
  type AttachedMessage,
} from '../../protocol/attached-message.js';
import { Lease } from '../../protocol/lease.js';
import { tellsWhenWritten, writesAtOnce } from '../node-internals.js';

/** Shorter texts go to Node as they are: it encodes them on its stack, and as fast. */
const LARGE_TEXT = 4096;
/** How many units are encoded at once: few for the processor's cache, many for the price of a write. */
const PIECE_UNITS = 128 * 1024;
/** A UTF-16 unit takes at most this many bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;
const SCRATCH_BYTES = 2 * PIECE_UNITS * MAX_BYTES_PER_UNIT;

lendMemory((size) => Lease.of(size));

// One for all sockets. Invariant: when a write returns and nothing waits in its socket, the system has all its bytes.
let scratch: Buffer | undefined;

/** Writes a text to a socket as UTF-8. @returns what `socket.write` returns */
export function writeText(socket: Socket, text: string): boolean {
  const isSmall = text.length < LARGE_TEXT && socket.writableLength === 0;
  return isSmall ? socket.write(text, 'utf8') : writeParts(socket, [text]);
}

/**
 * Writes a large text, given as parts, to a socket as UTF-8.
 *
 * Why not `socket.write(text)`: Node computes a text's length in bytes first, and encodes each text to memory of its
 * own. Here all texts are encoded to the same memory.
 * @returns what the last `socket.write` returned
 */
export function writeParts(socket: Socket, parts: readonly string[]): boolean {
  if (!writesAtOnce(socket) || socket.writableLength > 0) return socket.write(encodeParts(parts));
  let hasTakenAll = true;
  let used = 0;
  for (const [index, part] of parts.entries()) {
    for (let from = 0; from < part.length;) {
      if (used === 0 && socket.writableLength > 0)
        return socket.write(encodeParts(restOf(parts, index, from)));
      scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      const end = pieceEnd(part, from, Math.floor((SCRATCH_BYTES - used) / MAX_BYTES_PER_UNIT));
      used += scratch.write(part.slice(from, end), used);
      from = end;
      if (used < PIECE_UNITS) continue;
      hasTakenAll = writeScratch(socket, used);
      used = 0;
    }
  }
  return used > 0 ? writeScratch(socket, used) : hasTakenAll;
}

/**
 * The bytes of a text that is given as parts, for one that may have to wait: of a text that waits, Node counts the UTF-16
 * units. Why part by part: a joined string is copied as a whole before it is encoded.
 */
export function encodeParts(parts: readonly string[]): Buffer {
  let length = 0;
  for (const part of parts) length += Buffer.byteLength(part);
  const bytes = Buffer.allocUnsafe(length);
  let used = 0;
  for (const part of parts) used += bytes.write(part, used);
  return bytes;
}

function writeScratch(socket: Socket, length: number): boolean {
  const hasTakenAll = scratch === undefined || socket.write(scratch.subarray(0, length));
  // The socket still needs this memory for what the system has not taken.
  if (socket.writableLength > 0) scratch = undefined;
  return hasTakenAll;
}

function restOf(parts: readonly string[], index: number, from: number): readonly string[] {
  return [(parts[index] ?? '').slice(from), ...parts.slice(index + 1)];
}

/** Where a piece of at most `units` ends, which begins at `from`: not between the halves of a surrogate pair. */
function pieceEnd(text: string, from: number, units: number): number {
  const end = from + Math.min(units, PIECE_UNITS);
  if (end >= text.length) return text.length;
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}

/** The header and the text of a message with bytes behind it. */
export function attachedHead({ text, bytes }: AttachedMessage): Buffer {
  const head = Buffer.allocUnsafe(ATTACHED_HEADER_BYTES + text.length * MAX_BYTES_PER_UNIT);
  const textBytes = head.write(text, ATTACHED_HEADER_BYTES);
  writeAttachedHeader(head, textBytes, bytes.length);
  return head.subarray(0, ATTACHED_HEADER_BYTES + textBytes);
}

/**
 * Writes a message with bytes behind its text, without a copy of these.
 * @param onWritten called when the bytes are not read any more, where the socket tells it
 * @returns whether the system has all of it
 */
export function writeAttached(
  socket: Socket,
  message: AttachedMessage,
  onWritten?: (error?: Error | null) => void,
): boolean {
  // Both at once. Why: each write has its price.
  socket.cork();
  socket.write(attachedHead(message));
  if (onWritten && tellsWhenWritten(socket)) socket.write(message.bytes, onWritten);
  else socket.write(message.bytes);
  socket.uncork();
  return socket.writableLength === 0;
}
