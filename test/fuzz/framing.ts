import { createHash } from 'node:crypto';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { attachedTo, cutStream, endsMidMessage } from './attached.js';
import { mutatePiece } from './mutate.js';
import { pieceOf } from './target.js';

/** How messages cross a byte stream: each ended by a NUL, or in the frames of WebSockets. Bytes are characters here, as in inputs. */
export interface Framing {
  /** What a client says before its first message; empty: nothing. */
  readonly request: string;
  /** What a server answers to that, once it has all of it; undefined: not yet. */
  answerTo(request: string): string | undefined;
  /** The bytes of a message. */
  wrap(text: string, random?: SeededRandom): string;
  /** The messages within the bytes that came from the other side, behind its first answer. */
  unwrap(bytes: string): string[];
  /** Whether what is said behind these bytes is a message of its own: one may be announced longer than it is. */
  isBetweenMessages(said: string): boolean;
  /** Changes the bytes of a message. */
  mutate: typeof mutatePiece;
}

export const NUL_FRAMING: Framing = {
  request: '',
  answerTo: () => '',
  wrap: (text, random) => (random && attachedTo(text, random)) ?? `${pieceOf(text)}\0`,
  unwrap: (bytes) => [...cutStream(bytes).messages],
  isBetweenMessages: (said) => !endsMidMessage(said),
  mutate: mutatePiece,
};

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const BINARY = 2;
const NO_MASK = '\0\0\0\0';
const ODD_OPCODES = [0, 1, 2, 3, 8, 9, 10, 15];
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** The frames of WebSockets. A client masks them, with zeros: so the contents can be read and changed. */
export function webSocketFraming(isClient: boolean): Framing {
  const frame = (first: number, payload: string): string => frameOf(first, payload, isClient);
  return {
    request: isClient ? requestText() : '',
    answerTo: (request) => (request.endsWith('\r\n\r\n') ? responseText(request) : undefined),
    wrap(text, random) {
      const attached = random && attachedTo(text, random);
      const payload = attached ?? pieceOf(text);
      const kind = attached === undefined ? TEXT : BINARY;
      if (!random?.happens(0.2)) return frame(0x80 | kind, payload);
      const cut = random.between(0, payload.length);
      const ping = random.happens(0.3) ? frame(0x89, 'ping') : '';
      return frame(kind, payload.slice(0, cut)) + ping + frame(0x80, payload.slice(cut));
    },
    unwrap: messagesOf,
    isBetweenMessages: () => false,
    mutate(piece, random, other) {
      const { first, payload, rest } = readFrame(piece);
      if (payload === undefined || random.happens(0.25)) return mutatePiece(piece, random, other);
      const changed = random.happens(0.8)
        ? mutatePiece(payload, random, readFrame(other).payload ?? '')
        : payload;
      const opcode = random.happens(0.1)
        ? random.pick(ODD_OPCODES) | (random.happens(0.5) ? 0x80 : 0)
        : first;
      return frame(opcode, changed) + rest;
    },
  };
}

function requestText(): string {
  return [
    ...[
      'GET / HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
    ],
    ...[`Sec-WebSocket-Key: ${KEY}`, 'Sec-WebSocket-Protocol: metarhia-jstp', '', ''],
  ].join('\r\n');
}

function responseText(request: string): string {
  const key = /sec-websocket-key: (.*)\r\n/i.exec(request)?.[1] ?? '';
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  return [
    ...['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'],
    ...[`Sec-WebSocket-Accept: ${accept}`, 'Sec-WebSocket-Protocol: metarhia-jstp', '', ''],
  ].join('\r\n');
}

function frameOf(first: number, payload: string, isMasked: boolean): string {
  const { length } = payload;
  const bits = isMasked ? 0x80 : 0;
  const mask = isMasked ? NO_MASK : '';
  const head =
    length < LENGTH_16 ? [first, bits | length] : [first, bits | LENGTH_16, length >> 8, length & 255];
  return String.fromCharCode(...head) + mask + payload;
}

interface Frame {
  readonly first: number;
  /** Undefined where the bytes are no whole frame. */
  readonly payload: string | undefined;
  readonly rest: string;
}

/** Reads a frame, unmasked. */
function readFrame(bytes: string): Frame {
  const first = bytes.charCodeAt(0);
  const second = bytes.charCodeAt(1);
  let length = second & 127;
  let start = 2;
  if (length === LENGTH_16) {
    length = (bytes.charCodeAt(2) << 8) | bytes.charCodeAt(3);
    start = 4;
  } else if (length === LENGTH_64) {
    length = Number(Buffer.from(bytes.slice(2, 10), 'latin1').readBigUInt64BE());
    start = 10;
  }
  const mask = second & 0x80 ? bytes.slice(start, start + 4) : '';
  start += mask.length;
  const end = start + length;
  if (!(bytes.length >= end)) return { first, payload: undefined, rest: '' };
  return { first, payload: unmasked(bytes.slice(start, end), mask), rest: bytes.slice(end) };
}

function unmasked(payload: string, mask: string): string {
  if (mask === '' || mask === NO_MASK) return payload;
  const bytes = Buffer.from(payload, 'latin1');
  for (let i = 0; i < bytes.length; i++) bytes[i] ^= mask.charCodeAt(i % mask.length);
  return bytes.toString('latin1');
}

/** The whole messages in what a WebSocket of this package has sent. */
function messagesOf(bytes: string): string[] {
  const messages: string[] = [];
  let text = '';
  let left = bytes.slice(bytes.indexOf('\r\n\r\n') + 4);
  while (left.length >= 2) {
    const { first, payload, rest } = readFrame(left);
    if (payload === undefined) break;
    left = rest;
    // Frames of control stand between those of a message.
    if ((first & 8) !== 0) continue;
    text += payload;
    if ((first & 0x80) === 0) continue;
    messages.push(text);
    text = '';
  }
  return messages;
}
