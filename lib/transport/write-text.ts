import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Node encodes shorter texts on its stack, and as fast. */
const LARGE_TEXT = 4096;
/** So much is encoded at once: small against the processor's cache, large against the price of a write. */
const PIECE_UNITS = 128 * 1024;
const MAX_BYTES_A_UNIT = 3;

/** The part of Node's buffers that its type declarations leave out. */
type TextBuffer = Buffer & { utf8Write(text: string, offset: number): number };

// One for all sockets: a system that takes a piece at once is through with it when the write returns.
let scratch: TextBuffer | undefined;

/**
 * Writes a text to a socket, as UTF-8; answers as `socket.write` does. Of a large text Node computes the length in bytes
 * first, and encodes it to memory of its own each time: here it goes through the same memory again and again.
 */
export function writeText(socket: Socket, text: string): boolean {
  const { length } = text;
  if (length < LARGE_TEXT || !takesAtOnce(socket)) return socket.write(text, 'utf8');
  let hasTakenAll = true;
  for (let from = 0; from < length;) {
    if (socket.writableLength > 0) return socket.write(from === 0 ? text : text.slice(from), 'utf8');
    const end = pieceEnd(text, from);
    hasTakenAll = writePiece(socket, from === 0 && end === length ? text : text.slice(from, end));
    from = end;
  }
  return hasTakenAll;
}

/** Whether bytes go to the system within `write`: not where TLS encrypts them, or another stream keeps them. */
function takesAtOnce(socket: Socket): boolean {
  return socket instanceof Socket && !(socket as Partial<TLSSocket>).encrypted;
}

function writePiece(socket: Socket, piece: string): boolean {
  const bytes = (scratch ??= Buffer.allocUnsafeSlow(PIECE_UNITS * MAX_BYTES_A_UNIT) as TextBuffer);
  const hasTakenAll = socket.write(bytes.subarray(0, bytes.utf8Write(piece, 0)));
  // The socket still needs what the system has not taken.
  if (socket.writableLength > 0) scratch = undefined;
  return hasTakenAll;
}

function pieceEnd(text: string, from: number): number {
  const end = from + PIECE_UNITS;
  if (end >= text.length) return text.length;
  // Not within a character.
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}
