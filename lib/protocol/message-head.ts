import { MdsfReader, type ByteDecoder } from '../mdsf/index.js';
import { AttachedMessage, type ArrivedMessage } from './attached-message.js';
import type { Limits } from './limits.js';
import type { Message } from './message.js';

/** What a message is, whatever it carries. Each message is a head, too. */
export interface MessageHead {
  readonly kind: Message['kind'];
  /** Its number. */
  readonly id?: number | undefined;
  /** The number of the call that it is about. */
  readonly callId?: number | undefined;
  /** Which argument of that call it is about. */
  readonly place?: number | undefined;
}

/** How much of a message is read for its head, in bytes. */
const HEAD_BYTES = 16 * 1024;

// One for all. Invariant: reading is synchronous and calls no code of users, so that no two readings overlap.
const reader = new MdsfReader();

/**
 * Reads what a message is, and not its arguments. Why: a large one takes long to read, and may have to wait.
 * @param message one message: bytes without the NUL, or text
 * @param decoder makes text of bytes; null where messages arrive as text
 * @returns undefined where the beginning does not tell
 */
export function headOf(
  message: ArrivedMessage,
  decoder: ByteDecoder | null,
  { maxDepth, maxMessageNodes }: Pick<Limits, 'maxDepth' | 'maxMessageNodes'>,
): MessageHead | undefined {
  const data = message instanceof AttachedMessage ? message.text : message;
  try {
    if (typeof data === 'string') reader.startText(data.slice(0, HEAD_BYTES), maxDepth, maxMessageNodes);
    else if (decoder) reader.startBytes(beginningOf(data), decoder, maxDepth, maxMessageNodes);
    else return undefined;
    return readHead();
  } catch {
    return undefined;
  } finally {
    reader.reset();
  }
}

function readHead(): MessageHead | undefined {
  reader.openObject();
  const key = reader.nextKey();
  if (key === undefined) return { kind: 'empty' };
  const header = reader.readMember();
  const first: unknown = Array.isArray(header) ? header[0] : undefined;
  const id = typeof first === 'number' ? first : undefined;
  switch (key) {
    case 'call':
    case 'callback':
    case 'event':
    case 'inspect':
    case 'ping':
    case 'pong':
      return { kind: key, id };
    case 'stream':
      return { kind: reader.nextKey() === 'credit' ? 'streamCredit' : 'streamItem', callId: id };
    case 'source':
      return sourceHead(id, Array.isArray(header) ? header[1] : undefined, reader.nextKey());
    case 'cancel':
      return { kind: key, callId: id };
    case 'bye':
      return { kind: key };
    default:
      return { kind: 'unknown' };
  }
}

function sourceHead(callId: number | undefined, given: unknown, verb: string | undefined): MessageHead {
  const place = typeof given === 'number' ? given : undefined;
  switch (verb) {
    case 'data':
      return { kind: 'sourceItem', callId, place };
    case 'credit':
      return { kind: 'sourceCredit', callId, place };
    case 'cancel':
      return { kind: 'sourceCancel', callId, place };
    default:
      return { kind: 'sourceEnd', callId, place };
  }
}

/** The first bytes, up to the end of a character. */
function beginningOf(data: Uint8Array): Uint8Array {
  let end = HEAD_BYTES;
  while (end > 0 && (data[end] & 0xc0) === 0x80) end--;
  return data.subarray(0, end);
}
