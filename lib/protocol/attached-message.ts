import {
  ATTACHED_FROM_BYTES,
  ATTACHED_MARK,
  base64Pieces,
  BYTES_QUOTE,
  joinBytes,
  parse,
  sizeOfAll,
} from '../mdsf/index.js';
import type { Lease } from './lease.js';
import { mapBytes } from './bytes-as-strings.js';
import { ProtocolError } from './protocol-error.js';

/** The byte with which a message begins whose large bytes follow its text. No text begins with it. */
export const ATTACHED = 1;
/** That byte, the length of the text and the length of the bytes, each as 32 bits with the highest first. */
export const ATTACHED_HEADER_BYTES = 9;

/**
 * A message whose large bytes are behind its text. The text has their lengths, in their places: `` {callback:[1],ok:[`:65536`]} ``.
 * @typeParam T - a string, or the bytes of one that has arrived
 */
export class AttachedMessage<T extends string | Uint8Array = string> {
  /** @internal The memory of the bytes, where it is used again later. Then no other message may have these bytes. */
  lease: Lease | undefined;

  /**
   * @param text - the message, with lengths in the places of the bytes
   * @param bytes - all of the bytes, one behind the other, in the order of the text. They must not change any more
   */
  constructor(
    readonly text: T,
    readonly bytes: Uint8Array,
  ) {}

  /** @internal A message with the same bytes and another text. The memory of the bytes is not used again. */
  withText<U extends string | Uint8Array>(text: U): AttachedMessage<U> {
    this.lease?.keep();
    return new AttachedMessage(text, this.bytes);
  }

  /** What it takes on the wire: in bytes, or in UTF-16 units as far as it is a string. */
  get length(): number {
    return ATTACHED_HEADER_BYTES + this.text.length + this.bytes.length;
  }
}

/** Lends memory for copies of large bytes; undefined: they are left to the collector. */
let lend: ((size: number) => Lease | undefined) | undefined;

/** Memory is lent from now on. Why from outside: only transports of Node know when it may be used again, and pages need none. */
export function lendMemory(of: (size: number) => Lease | undefined): void {
  lend = of;
}

/** A message of one connection, with a copy of its bytes: it may be sent again. */
export function attachCopy(text: string, bytes: readonly Uint8Array[]): AttachedMessage {
  const size = sizeOfAll(bytes);
  const lease = lend?.(size);
  const message = new AttachedMessage(text, joinBytes(bytes, lease?.view(size)));
  message.lease = lease;
  return message;
}

/** A message as it is written: a text, or a text with bytes behind it. */
export type WrittenMessage = string | AttachedMessage;

/** A message as it has arrived. */
export type ArrivedMessage = Uint8Array | string | AttachedMessage<Uint8Array | string>;

/**
 * Whether a message has bytes behind its text.
 * Why by a member: `instanceof` searches a chain of prototypes for each small message.
 */
export function isAttached(message: ArrivedMessage): message is AttachedMessage<Uint8Array | string> {
  return (message as Partial<AttachedMessage>).bytes !== undefined;
}

/** Writes the header of a message. @param textBytes - how many bytes its text has */
export function writeAttachedHeader(target: Uint8Array, textBytes: number, bytes: number): void {
  target[0] = ATTACHED;
  writeLength(target, 1, textBytes);
  writeLength(target, 5, bytes);
}

function writeLength(target: Uint8Array, at: number, length: number): void {
  target[at] = length >>> 24;
  target[at + 1] = length >>> 16;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
}

function readLength(header: Uint8Array, at: number): number {
  return ((header[at] << 24) | (header[at + 1] << 16) | (header[at + 2] << 8) | header[at + 3]) >>> 0;
}

/**
 * How many bytes a message has, with its header.
 * @param data - where the header is, all of it
 * @param start - where it begins there
 */
export function attachedSize(data: Uint8Array, start = 0): number {
  return ATTACHED_HEADER_BYTES + readLength(data, start + 1) + readLength(data, start + 5);
}

/** Where the text of a message ends. @param message - at least its header */
export function endOfText(message: Uint8Array): number {
  return ATTACHED_HEADER_BYTES + readLength(message, 1);
}

/**
 * Takes a message apart that has arrived, without a copy.
 * @param head - all of it, which must not change any more; or what ends at {@link endOfText}
 * @param bytes - its bytes, where they are apart
 * @throws {ProtocolError} where its lengths do not add up
 */
export function openAttached(head: Uint8Array, bytes?: Uint8Array): AttachedMessage<Uint8Array> {
  const size = head.length + (bytes?.length ?? 0);
  const bytesStart = endOfText(head);
  const isWhole = head.length >= ATTACHED_HEADER_BYTES && attachedSize(head) === size;
  if (!isWhole || bytesStart === ATTACHED_HEADER_BYTES || bytesStart === size)
    throw new ProtocolError('A message with bytes behind its text, whose lengths are wrong');
  const text = head.subarray(ATTACHED_HEADER_BYTES, bytesStart);
  if (text.includes(0)) throw new ProtocolError('A message with bytes behind its text, and a NUL in that');
  return new AttachedMessage(text, bytes ?? head.subarray(bytesStart));
}

/** The texts of a message, one behind the other, with its bytes as base64. */
export function textPieces({ text, bytes }: AttachedMessage): string[] {
  let at = 0;
  return mapBytes(text, (body) => {
    if (!body.startsWith(ATTACHED_MARK)) return [BYTES_QUOTE, body, BYTES_QUOTE];
    const part = bytes.subarray(at, (at += Number(body.slice(ATTACHED_MARK.length))));
    return [BYTES_QUOTE, ...base64Pieces(part), BYTES_QUOTE];
  });
}

/** The text of a message, with its bytes as base64: for what keeps texts, and for peers that take nothing else. */
export function textOf(message: WrittenMessage): string {
  return typeof message === 'string' ? message : textPieces(message).join('');
}

/**
 * The message of a text that {@link textOf} has made: its large bytes are behind it again. Why: as base64 they may be more
 * than the peer takes.
 * @throws {MdsfSyntaxError} for bytes that are no base64
 */
export function attachedOf(text: string): WrittenMessage {
  const parts: Uint8Array[] = [];
  const pieces = mapBytes(text, (body) => {
    const quoted = BYTES_QUOTE + body + BYTES_QUOTE;
    if (body.length < ATTACHED_FROM_BYTES) return [quoted];
    const bytes = parse(quoted, { bytes: true }) as Uint8Array;
    if (bytes.length < ATTACHED_FROM_BYTES) return [quoted];
    parts.push(bytes);
    return [BYTES_QUOTE, ATTACHED_MARK, String(bytes.length), BYTES_QUOTE];
  });
  if (parts.length === 0) return text;
  return new AttachedMessage(pieces.join(''), parts.length === 1 ? parts[0] : joinBytes(parts));
}

/** The text of a message, without what is behind it. */
export function plainText(message: WrittenMessage): string {
  return typeof message === 'string' ? message : message.text;
}

/**
 * Whether bytes are so much of their memory that a view of it is kept, and no copy made.
 * Invariant: nothing else is read from that memory any more. Why: a program may transfer it to a worker.
 */
export function isMostly(bytes: Uint8Array): boolean {
  return bytes.length * 2 > bytes.buffer.byteLength;
}

/** A message that may be kept, where the transport uses its memory again, or has more in it. */
export function keptCopy(message: ArrivedMessage): ArrivedMessage {
  if (typeof message === 'string') return message;
  if (message instanceof Uint8Array) return new Uint8Array(message);
  const { text, bytes } = message;
  return new AttachedMessage(
    typeof text === 'string' ? text : new Uint8Array(text),
    isMostly(bytes) ? bytes : new Uint8Array(bytes),
  );
}
