import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { pieceOf } from './target.js';

/** The length of bytes behind a text, in their place there. */
const LENGTH = /`:(\d{1,4})`/g;
const HEADER = 9;
const NUL = '\0';
const ATTACHED = '\u0001';

/** A message with the bytes that its text names; undefined: it names none. Mostly as it should be. */
export function attachedTo(text: string, random: SeededRandom): string | undefined {
  const sizes = [...text.matchAll(LENGTH)].map(([, digits]) => Number(digits));
  if (sizes.length === 0 || random.happens(0.1)) return undefined;
  const size = sizes.reduce((sum, each) => sum + each, 0) + odd(random);
  const piece = pieceOf(text);
  const bytes = random.pick(['\0', '\u0001', '\u00ff', 'x']).repeat(Math.max(0, size));
  return ATTACHED + length(piece.length + odd(random)) + length(bytes.length + odd(random)) + piece + bytes;
}

function odd(random: SeededRandom): number {
  return random.happens(0.03) ? random.pick([-1, 1, 1000, 70_000]) : 0;
}

function length(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Math.max(0, value));
  return bytes.toString('latin1');
}

/** How long a message is that begins with its lengths; NaN: its header is not whole. */
function sizeOf(bytes: string, start: number): number {
  if (bytes.length < start + HEADER) return NaN;
  const header = Buffer.from(bytes.slice(start, start + HEADER), 'latin1');
  return HEADER + header.readUInt32BE(1) + header.readUInt32BE(5);
}

/** Whether a message begins with its lengths. */
export function isAttached(message: string): boolean {
  return message.startsWith(ATTACHED);
}

/** Whether a stream ends within a message that begins with its lengths: what follows belongs to that. */
export function endsMidMessage(stream: string): boolean {
  const { messages } = cutStream(stream);
  const read = messages.reduce((sum, message) => sum + message.length + (isAttached(message) ? 0 : 1), 0);
  return stream.startsWith(ATTACHED, read);
}

/** A stream of messages, cut by the protocol. */
export interface Cut {
  readonly messages: readonly string[];
  readonly error: 'maxMessageBytes' | 'Empty message' | undefined;
}

/** Cuts a stream into messages, as slowly and simply as the protocol says it. */
export function cutStream(stream: string, limit = Infinity): Cut {
  const messages: string[] = [];
  for (let start = 0; start < stream.length;) {
    const isCounted = stream.startsWith(ATTACHED, start);
    const size = isCounted ? sizeOf(stream, start) : stream.indexOf(NUL, start) - start;
    const isWhole = isCounted ? start + size <= stream.length : size >= 0;
    const known = isCounted || isWhole ? size : stream.length - start;
    if (known > limit) return { messages, error: 'maxMessageBytes' };
    if (!isWhole) break;
    if (size === 0) return { messages, error: 'Empty message' };
    messages.push(stream.slice(start, start + size));
    start += isCounted ? size : size + 1;
  }
  return { messages, error: undefined };
}
