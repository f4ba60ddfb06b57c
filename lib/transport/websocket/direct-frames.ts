import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { GrowingMemory } from '../../protocol/growing-memory.js';
import { awaitedPayload, canReadInto, isBetweenFrames, takeMask, takePayload } from '../node-internals.js';
import { DIRECT_FROM_BYTES, readDirectly, type DirectReader } from '../socket/direct-reads.js';
import { maskBytes } from './masking.js';

/** What the second byte of a frame has: a bit for a mask, and the length or one of two marks for lengths that follow. */
const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * Reads the payload of a WebSocket's large frames straight to memory of its own, which `ws` gets whole. All else it gets as it
 * comes, copied.
 *
 * Why: `ws` keeps pieces of 64 KiB, and joins them in memory that it makes; and it stops reading for a tick after each.
 */
export class DirectFrames implements DirectReader {
  private payload: GrowingMemory | undefined;
  /** How many bytes the payload will have. */
  private size = 0;

  private constructor(
    private readonly webSocket: WebSocket,
    private readonly socket: Socket,
    private readonly grown: () => void,
  ) {}

  /**
   * Begins to, where the rest of a large payload is awaited now.
   * @param grown called when more of a payload has come, but not all
   * @returns undefined where it is not, and where that cannot be done
   */
  static of(webSocket: WebSocket, socket: Socket, grown: () => void): DirectFrames | undefined {
    if (!awaitedPayload(webSocket) || !canReadInto(socket)) return undefined;
    const frames = new DirectFrames(webSocket, socket, grown);
    return readDirectly(socket, frames) ? frames : undefined;
  }

  /** How many bytes of memory a payload takes that has come in part. */
  get held(): number {
    return this.payload?.held ?? 0;
  }

  /** @internal Memory for the rest of a payload. */
  roomFor(least: number): Uint8Array | undefined {
    const payload = this.payload ?? this.begin(least);
    return payload && this.size - payload.used >= least ? payload.roomFor(this.size) : undefined;
  }

  /** @internal Takes what was read. */
  received(chunk: Buffer): void {
    // Where Node has gone on by itself.
    if (this.webSocket.isPaused) this.socket.pause();
    let rest: Buffer | undefined = chunk;
    while (rest && rest.length > 0) rest = this.payload ? this.addTo(this.payload, rest) : this.pass(rest);
  }

  /** Takes the payload from `ws` that it awaits so much of. */
  private begin(least: number): GrowingMemory | undefined {
    const awaited = awaitedPayload(this.webSocket);
    if (!awaited || awaited.size - awaited.held < least) return undefined;
    const payload = new GrowingMemory((size) => Buffer.allocUnsafeSlow(size));
    this.size = awaited.size;
    for (const piece of takePayload(this.webSocket)) payload.add(piece, this.size);
    return (this.payload = payload);
  }

  /** @returns what is behind the payload */
  private addTo(payload: GrowingMemory, chunk: Buffer): Buffer {
    const missing = this.size - payload.used;
    // Before the payload is given. Why: the program that gets it may transfer its memory at once, and the chunk may be in that.
    const rest = chunk.subarray(missing);
    payload.add(chunk.subarray(0, missing), this.size);
    if (payload.used < this.size) this.grown();
    else {
      this.payload = undefined;
      const { buffer, byteOffset, length } = payload.bytes;
      const whole = Buffer.from(buffer, byteOffset, length);
      const mask = takeMask(this.webSocket);
      if (mask) maskBytes(whole, mask, whole);
      this.give(whole);
    }
    return rest;
  }

  /** Gives `ws` what has come, up to the payload of a large frame. @returns that */
  private pass(chunk: Buffer): Buffer | undefined {
    const start = isBetweenFrames(this.webSocket) ? startOfLargePayload(chunk) : undefined;
    this.give(copyOf(chunk.subarray(0, start)));
    if (start === undefined) return undefined;
    const rest = chunk.subarray(start);
    // Where `ws` has not taken the head of the frame, as of one that is too large, there is no payload.
    if (!this.begin(DIRECT_FROM_BYTES)) this.give(copyOf(rest));
    return this.payload && rest;
  }

  private give(chunk: Buffer): void {
    if (!this.socket.destroyed) this.socket.emit('data', chunk);
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Where the payload begins of a frame of which so much is behind a chunk that it is read to memory of its own. */
function startOfLargePayload(chunk: Buffer): number | undefined {
  for (let at = 0; at + 1 < chunk.length;) {
    let start = at + 2;
    let size = chunk[at + 1] & LENGTH;
    const more = size === LENGTH_16 ? 2 : size === LENGTH_64 ? 8 : 0;
    if (start + more > chunk.length) return undefined;
    if (size === LENGTH_16) size = chunk.readUInt16BE(start);
    else if (size === LENGTH_64) size = Number(chunk.readBigUInt64BE(start));
    start += more;
    if (chunk[at + 1] & MASKED) start += 4;
    const missing = start + size - chunk.length;
    if (missing > 0) return start < chunk.length && missing >= DIRECT_FROM_BYTES ? start : undefined;
    at = start + size;
  }
  return undefined;
}
