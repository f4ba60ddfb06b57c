import { type ByteDecoder, MdsfReader, MdsfSyntaxError } from '../mdsf/index.js';
import { isAttached, type ArrivedMessage } from './attached-message.js';
import { GENERIC_ERROR_CODE } from './error-codes.js';
import { LimitError } from './limit-error.js';
import type { Limits } from './limits.js';
import {
  OVERSIZED_METADATA,
  type ExtensionOffer,
  type HandshakeRequest,
  type HandshakeResponse,
  type Message,
  type Metadata,
} from './message.js';
import { ProtocolError } from './protocol-error.js';

/** The second key of a message and its value; undefined where there is none. */
interface Verb {
  readonly name: string | undefined;
  readonly value: unknown;
}

/** The limits that concern reading. */
type ReadLimits = Pick<
  Limits,
  'maxDepth' | 'maxMessageNodes' | 'maxVersionRangeLength' | 'maxNameLength' | 'maxMetadataBytes'
>;

/** Which forms of bytes the peers have agreed on. */
interface TakenBytes {
  readonly bytes: boolean;
  readonly attachments: boolean;
}

const NO_BYTES: TakenBytes = { bytes: false, attachments: false };
const NO_VERB: Verb = { name: undefined, value: undefined };
const EMPTY: Message = Object.freeze({ kind: 'empty' });
const DRAIN: Message = Object.freeze({ kind: 'drain' });

/**
 * A version that no application has and no range allows. It stands for a version that is no string, or longer than
 * `maxVersionRangeLength`. Why: semver takes time that grows with the square of the length.
 */
export const UNMATCHABLE_VERSION = '<0.0.0-0';

// One for all. Invariant: reading is synchronous and calls no code of users, so that no two readings overlap.
const reader = new MdsfReader();

/**
 * Reads a message and checks it by the rules of its kind. Whether it may come now, and whether anybody waits for it, is
 * checked by the connection.
 * @param data - one message: bytes without the NUL, or text
 * @param decoder - makes text of bytes; null where messages arrive as text
 * @param limits - how deep values may be nested, how many there may be, how long a version or name may be, and how large
 *   metadata
 * @param maxHandshakeDepth - given: the handshake is not done. Only a handshake is read, no deeper than this; of any
 *   other message only its kind (as 'unknown')
 * @param taken - whether the peers have agreed that values may be bytes, and that large ones may be behind the text
 * @throws {ProtocolError} for data that is no message
 */
export function parseMessage(
  data: ArrivedMessage,
  decoder: ByteDecoder | null,
  limits: ReadLimits,
  maxHandshakeDepth?: number,
  taken: TakenBytes = NO_BYTES,
): Message {
  const isEarly = maxHandshakeDepth !== undefined;
  const depthLimit = isEarly && maxHandshakeDepth < limits.maxDepth ? 'maxHandshakeDepth' : 'maxDepth';
  const maxDepth = depthLimit === 'maxDepth' ? limits.maxDepth : (maxHandshakeDepth ?? limits.maxDepth);
  try {
    if (isAttached(data)) {
      if (isEarly || !taken.attachments) throw new ProtocolError('Bytes behind a text, unasked');
      start(data.text, decoder, maxDepth, limits.maxMessageNodes);
      reader.attach(data.bytes);
      const message = readMessage(limits, isEarly, taken.bytes);
      reader.checkAttached();
      return message;
    }
    start(data, decoder, maxDepth, limits.maxMessageNodes);
    return readMessage(limits, isEarly, taken.bytes);
  } catch (error) {
    if (!(error instanceof MdsfSyntaxError)) throw error;
    throw unreadable(error, depthLimit, maxDepth, limits.maxMessageNodes);
  } finally {
    reader.reset();
  }
}

function start(
  text: Uint8Array | string,
  decoder: ByteDecoder | null,
  maxDepth: number,
  maxValues: number,
): void {
  if (typeof text === 'string') reader.startText(text, maxDepth, maxValues);
  else if (decoder) reader.startBytes(text, decoder, maxDepth, maxValues);
  else throw new ProtocolError('Bytes from a transport of text');
}

/** Names the limit that the text is beyond, where it is that and no flaw of the text. */
function unreadable(
  error: MdsfSyntaxError,
  depthLimit: 'maxDepth' | 'maxHandshakeDepth',
  maxDepth: number,
  maxMessageNodes: number,
): ProtocolError {
  const options = { cause: error };
  switch (error.code) {
    case 'ERR_MDSF_DEPTH':
      return new LimitError(
        depthLimit,
        `Message nested deeper than limits.${depthLimit}, ${maxDepth}`,
        options,
      );
    case 'ERR_MDSF_VALUES': {
      const most = `limits.maxMessageNodes, ${maxMessageNodes}`;
      return new LimitError('maxMessageNodes', `Message of more values than ${most}`, options);
    }
    default:
      return new ProtocolError(`Message is no MDSF: ${error.message}`, options);
  }
}

function readMessage(limits: ReadLimits, isEarly: boolean, takesBytes: boolean): Message {
  reader.openObject();
  const kind = reader.nextKey();
  if (kind === undefined) return EMPTY;
  if (isEarly && kind !== 'handshake') return { kind: 'unknown', name: kind };
  const start = reader.position;
  const header = reader.readMember();
  const headerBytes = reader.position - start;
  // Not before. Why: a header has no bytes.
  reader.takesBytes = takesBytes;
  switch (kind) {
    case 'call':
      return callOf(header, headerBytes, readVerb(), limits);
    case 'callback':
      return callbackOf(header, headerBytes, readVerb(), limits);
    case 'event':
      return eventOf(header, headerBytes, readVerb(), limits);
    case 'ping':
    case 'pong':
      readVerb();
      return { kind, id: idOf(kind, header) };
    case 'inspect':
      readVerb();
      return { kind, id: idOf(kind, header), interfaceName: nameOf(arrayOf(kind, header)[1], limits) };
    case 'handshake':
      return handshakeOf(header, readVerb(), limits.maxVersionRangeLength);
    case 'stream':
      return streamOf(header, readVerb());
    case 'source':
      return sourceOf(header, readVerb());
    case 'cancel':
      readVerb();
      return { kind, callId: idOf(kind, header) };
    case 'bye':
      readVerb();
      return byeOf(header);
    case 'drain':
      readVerb();
      return DRAIN;
    default:
      readVerb();
      return { kind: 'unknown', name: kind };
  }
}

/** Reads the second key, and checks that the rest is well-formed. Further keys are ignored. */
function readVerb(): Verb {
  const name = reader.nextKey();
  if (name === undefined) return NO_VERB;
  const value = reader.readLastMember();
  while (reader.nextKey() !== undefined) reader.readMember();
  return { name, value };
}

function callOf(header: unknown, headerBytes: number, { name, value }: Verb, limits: ReadLimits): Message {
  const id = idOf('call', header);
  const array = arrayOf('call', header);
  const metadata = metadataOf(array[2], headerBytes, limits);
  return {
    kind: 'call',
    id,
    interfaceName: nameOf(array[1], limits),
    method: nameOf(name, limits),
    args: metadata === OVERSIZED_METADATA ? undefined : arrayOrNothing(value),
    metadata,
    sources: array[3],
    values: reader.valuesRead,
  };
}

function eventOf(header: unknown, headerBytes: number, { name, value }: Verb, limits: ReadLimits): Message {
  const id = idOf('event', header);
  const array = arrayOf('event', header);
  const metadata = metadataOf(array[2], headerBytes, limits);
  return {
    kind: 'event',
    id,
    interfaceName: nameOf(array[1], limits),
    event: nameOf(name, limits),
    args: metadata === OVERSIZED_METADATA ? undefined : arrayOrNothing(value),
    metadata,
    values: reader.valuesRead,
  };
}

function callbackOf(
  header: unknown,
  headerBytes: number,
  { name, value }: Verb,
  limits: ReadLimits,
): Message {
  const id = idOf('callback', header);
  const array = arrayOf('callback', value);
  const given = metadataOf(arrayOf('callback', header)[1], headerBytes, limits);
  // Nobody can be told that it is too large, and the answer counts for more.
  const metadata = given === OVERSIZED_METADATA ? undefined : given;
  if (name === 'ok') return { kind: 'callback', id, ok: array, error: undefined, metadata };
  if (name === 'error') return { kind: 'callback', id, ok: undefined, error: errorOf(array), metadata };
  throw new ProtocolError('callback: neither ok nor error');
}

/** Returns an error array with a number first: one without becomes the generic error with its text. */
function errorOf(array: readonly unknown[]): readonly unknown[] {
  if (array.length === 0) throw new ProtocolError('error: empty array');
  const [code, message, ...info] = array;
  if (typeof code === 'number') return array;
  return [GENERIC_ERROR_CODE, message ?? code, ...info];
}

function handshakeOf(
  header: unknown,
  { name, value }: Verb,
  maxVersionLength: number,
): HandshakeRequest | HandshakeResponse {
  const id = idOf('handshake', header);
  const elements = arrayOf('handshake', header);
  const application = elements[1];
  // A response has nothing at this place, or null before the accepted extensions.
  if (!application) return responseOf(id, plainObjectOrNothing(elements[2]), name, value);
  if (typeof application !== 'string') throw new ProtocolError('handshake: application is no string');
  return {
    kind: 'handshakeRequest',
    id,
    application,
    version: versionOf(elements[2], maxVersionLength),
    extensions: plainObjectOrNothing(elements[3]),
    strategy: name ?? 'anonymous',
    credentials: value,
  };
}

function responseOf(
  id: number,
  extensions: ExtensionOffer | undefined,
  name: string | undefined,
  value: unknown,
): HandshakeResponse {
  const kind = 'handshakeResponse';
  if (name === 'ok' && (typeof value === 'string' || typeof value === 'number'))
    return { kind, id, extensions, ok: value, error: undefined };
  if (name === 'error')
    return { kind, id, extensions, ok: undefined, error: errorOf(arrayOf('handshake', value)) };
  throw new ProtocolError('handshake: neither a request nor an answer');
}

function versionOf(version: unknown, maxLength: number): string | undefined {
  if (version === undefined || version === null || version === '') return undefined;
  return typeof version === 'string' && version.length <= maxLength ? version : UNMATCHABLE_VERSION;
}

function streamOf(header: unknown, { name, value }: Verb): Message {
  const callId = idOf('stream', header);
  const items = arrayOf('stream', value);
  if (name === 'data') {
    const n = countOf('stream', arrayOf('stream', header)[1]);
    return { kind: 'streamItem', callId, n, value: items[0] };
  }
  if (name === 'credit') return { kind: 'streamCredit', callId, limit: countOf('stream', items[0]) };
  throw faultOf('stream', 'neither data nor credit');
}

function sourceOf(header: unknown, { name, value }: Verb): Message {
  const callId = idOf('source', header);
  const [, given, number] = arrayOf('source', header);
  const place = countOf('source', given);
  const array = arrayOf('source', value);
  switch (name) {
    case 'data': {
      const n = countOf('source', number);
      return { kind: 'sourceItem', callId, place, n, value: array[0], values: reader.valuesRead };
    }
    case 'end':
      return { kind: 'sourceEnd', callId, place, n: countOf('source', number), error: undefined };
    case 'error':
      if (array.length === 0) throw faultOf('source', 'empty error');
      return { kind: 'sourceEnd', callId, place, n: countOf('source', number), error: errorOf(array) };
    case 'credit':
      return { kind: 'sourceCredit', callId, place, limit: countOf('source', array[0]) };
    case 'cancel':
      return { kind: 'sourceCancel', callId, place };
    default:
      throw faultOf('source', 'none of data, end, error, credit and cancel');
  }
}

function byeOf(header: unknown): Message {
  const [given, info] = arrayOf('bye', header);
  const reason = given === 'moved' || given === 'taken' ? given : 'close';
  return typeof info === 'string' ? { kind: 'bye', reason, info } : { kind: 'bye', reason };
}

function arrayOf(kind: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw faultOf(kind, 'array expected');
}

function idOf(kind: string, header: unknown): number {
  const id = arrayOf(kind, header)[0];
  if (typeof id === 'number' && Number.isSafeInteger(id)) return id;
  throw faultOf(kind, 'id is no integer');
}

function countOf(kind: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw faultOf(kind, 'count is no integer from 0 up');
}

function faultOf(kind: string, text: string): ProtocolError {
  return new ProtocolError(`${kind}: ${text}`, { kind });
}

/** A name that may be looked up; undefined for one that is longer than any. */
function nameOf(value: unknown, { maxNameLength }: ReadLimits): string | undefined {
  return typeof value === 'string' && value.length <= maxNameLength ? value : undefined;
}

function metadataOf(
  value: unknown,
  headerBytes: number,
  { maxMetadataBytes }: ReadLimits,
): Metadata | undefined {
  const metadata = plainObjectOrNothing(value);
  return metadata !== undefined && headerBytes > maxMetadataBytes ? OVERSIZED_METADATA : metadata;
}

function arrayOrNothing(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? (value as unknown[]) : undefined;
}

function plainObjectOrNothing(value: unknown): Metadata | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Metadata)
    : undefined;
}
