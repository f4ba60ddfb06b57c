import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Node encodes shorter texts on its stack, and as fast. */
const LARGE_TEXT = 4096;
/** So much is encoded at once: small against the processor's cache, large against the price of a write. */
const PIECE_UNITS = 128 * 1024;
const MAX_BYTES_A_UNIT = 3;
const SCRATCH_BYTES = 2 * PIECE_UNITS * MAX_BYTES_A_UNIT;

/** With these of its own a stream is not what it is taken for. */
const METHODS = ['write', '_write'] as const;

// One for all sockets: a system that takes a piece at once is through with it when the write returns.
let scratch: Buffer | undefined;

/** Writes a text to a socket, as UTF-8; answers as `socket.write` does. */
export function writeText(socket: Socket, text: string): boolean {
  return text.length < LARGE_TEXT ? socket.write(text, 'utf8') : writeParts(socket, [text]);
}

/**
 * The same for the parts of a large text. Node computes a text's length in bytes first, and encodes it to memory
 * of its own each time: here all go through the same memory again and again.
 */
export function writeParts(socket: Socket, parts: readonly string[]): boolean {
  if (!takesAtOnce(socket)) return socket.write(parts.join(''), 'utf8');
  let hasTakenAll = true;
  let used = 0;
  for (const [index, part] of parts.entries()) {
    for (let from = 0; from < part.length;) {
      if (used === 0 && socket.writableLength > 0) return socket.write(restOf(parts, index, from), 'utf8');
      scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
      const end = pieceEnd(part, from, Math.floor((SCRATCH_BYTES - used) / MAX_BYTES_A_UNIT));
      used += scratch.write(part.slice(from, end), used);
      from = end;
      if (used < PIECE_UNITS) continue;
      hasTakenAll = writeScratch(socket, used);
      used = 0;
    }
  }
  return used > 0 ? writeScratch(socket, used) : hasTakenAll;
}

/** Whether bytes go to the system within `write`: not where TLS encrypts them, or somebody else's `write` keeps them. */
function takesAtOnce(socket: Socket): boolean {
  const isPlain = METHODS.every((name) => socket[name] === Socket.prototype[name]);
  return isPlain && !(socket as Partial<TLSSocket>).encrypted && socket.writableLength === 0;
}

function writeScratch(socket: Socket, length: number): boolean {
  const hasTakenAll = scratch === undefined || socket.write(scratch.subarray(0, length));
  // The socket still needs what the system has not taken.
  if (socket.writableLength > 0) scratch = undefined;
  return hasTakenAll;
}

function restOf(parts: readonly string[], index: number, from: number): string {
  return (parts[index] ?? '').slice(from) + parts.slice(index + 1).join('');
}

function pieceEnd(text: string, from: number, units: number): number {
  const end = from + Math.min(units, PIECE_UNITS);
  if (end >= text.length) return text.length;
  // Not within a character.
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}
