import {
  integerText,
  isClean,
  joinBytes,
  quote,
  quoteKey,
  stringify,
  takeAttached,
  type StringifyOptions,
} from '../mdsf/index.js';
import { attachCopy, AttachedMessage, plainText, textOf, type WrittenMessage } from './attached-message.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import type { ByeReason, ExtensionOffer, Metadata } from './message.js';
import { bytesAsStrings } from './bytes-as-strings.js';
import { isLargeString, isLargeText, joinParts } from './message-parts.js';
import { headerWithMetadata } from './metadata-text.js';
import { WrittenValue } from './written-value.js';
import { plainTargetText } from './target-text.js';

// The message around a value is one level, its header two: together they keep a receiver's default limit.
const DEFAULT_DEPTH = DEFAULT_LIMITS.maxDepth;
const IN_MESSAGE = { maxDepth: DEFAULT_DEPTH - 1, bytes: false, attaches: false };
const WITH_BYTES = { maxDepth: DEFAULT_DEPTH - 1, bytes: true, attaches: true };
const IN_HEADER = { maxDepth: DEFAULT_DEPTH - 2 };

/** The limits that concern writing. */
export type WriteLimits = Pick<Limits, 'maxDepth' | 'maxMetadataBytes'>;

/** What determines how a value is written. A connection has it. */
interface Writing {
  readonly limits: WriteLimits;
  readonly extensions: { readonly bytes: boolean };
}

const ALONE: Writing = { limits: DEFAULT_LIMITS, extensions: { bytes: false } };

/** The parts of a handshake request. */
export interface HandshakeRequestFields {
  /** The application's name. */
  readonly application: string;
  /** Version or range; undefined: any version. */
  readonly version?: string | undefined;
  /** Extensions to offer; undefined: none, as peers without extensions do. */
  readonly extensions?: ExtensionOffer | undefined;
  /** The second key: 'login', 'session', 'anonymous' or any other; undefined: no second key, which means anonymous. */
  readonly strategy?: string | undefined;
  /** The value of the second key. @default [] */
  readonly credentials?: unknown;
  /** The message's number. @default 0 */
  readonly id?: number;
}

const NUMBER = /^-?\d+/;
/** The longest text of a message's number. */
const NUMBER_LENGTH = 20;
const BRACE = 123;
/** A longer text is not flattened: its large parts are flat, and copying them would cost more than it saves. */
const LONG_TEXT = 16 * 1024;

/**
 * Returns a message as one flat string.
 *
 * Why: `+` makes a tree of strings, which takes several hundred bytes while the message waits in a journal. Reading a
 * character makes V8 flatten it. The character is checked, since the engine leaves out what nobody uses.
 */
export function flat(message: string): string {
  if (message.length <= LONG_TEXT && message.charCodeAt(0) !== BRACE)
    throw new Error('A message begins with a brace');
  return message;
}

/** `{handshake:[0,'app','^1.0.0',{...}],login:['user','password']}` */
export function formatHandshakeRequest(fields: HandshakeRequestFields): string {
  const { application, version, extensions, strategy, credentials = [], id = 0 } = fields;
  let text = `{handshake:[${id},${quote(application)}`;
  if (extensions !== undefined) text += `,${quote(version ?? '')},${stringify(extensions, IN_HEADER)}`;
  else if (version !== undefined) text += `,${quote(version)}`;
  text += strategy === undefined ? ']}' : `],${quoteKey(strategy)}:${stringify(credentials, IN_MESSAGE)}}`;
  return flat(text);
}

/**
 * `{handshake:[0,null,{...}],ok:'session id'}`
 * @param id - the request's number
 * @param ok - the session's id, or for a resume the count of messages received
 * @param extensions - the accepted extensions; only for a client that offered some
 */
export function formatHandshakeOk(id: number, ok: string | number, extensions?: ExtensionOffer): string {
  // Not flat: it is written at once, and nobody keeps it.
  return `${okHead(id, extensions)}${typeof ok === 'number' ? ok : quote(ok)}}`;
}

/**
 * `{handshake:[0],error:[11]}`
 * @param id - the request's number
 * @param error - `[code, message?, ...info]`
 */
export function formatHandshakeError(id: number, error: readonly unknown[]): string {
  return flat(`{handshake:[${id}],error:${stringify(error, IN_MESSAGE)}}`);
}

// The last one that was written: a server answers most clients with the same. The offer does not change any more.
let lastHead: { readonly id: number; readonly offer: ExtensionOffer; readonly text: string } | undefined;

/** What is before the value of `ok`. */
function okHead(id: number, offer: ExtensionOffer | undefined): string {
  if (offer === undefined) return `{handshake:[${id}],ok:`;
  if (lastHead?.offer !== offer || lastHead.id !== id) {
    const text = flat(`{handshake:[${id},null,${stringify(offer, IN_HEADER)}],ok:`);
    lastHead = { id, offer, text };
  }
  return lastHead.text;
}

/**
 * `{call:[1,'iface',{...}],method:[a,b]}`
 * @param metadata - plain data beside the arguments; without members it is not written
 * @param writing - how deep the message may be nested, and how large a header with metadata may be; and whether the peer
 *   takes bytes as such
 * @throws {JstpError} ERR_JSTP_METADATA_TOO_LARGE
 */
export function formatCall(
  id: number,
  interfaceName: string | undefined,
  method: string,
  args: readonly unknown[],
  metadata?: Metadata,
  { limits, extensions }: Writing = ALONE,
): WrittenMessage {
  const head =
    metadata === undefined
      ? '{call:[' + integerText(id) + plainTargetText(interfaceName, method)
      : '{call:' + headWithMetadata(id, interfaceName, method, metadata, limits);
  return withArguments(head, args, limits.maxDepth, extensions.bytes);
}

/** `{event:[2,'iface',{...}],name:[a]}` */
export function formatEvent(
  id: number,
  interfaceName: string | undefined,
  event: string,
  args: readonly unknown[],
  metadata?: Metadata,
  { limits, extensions }: Writing = ALONE,
): WrittenMessage {
  const head = eventHead(id, interfaceName, event, metadata, limits);
  return withArguments(head, args, limits.maxDepth, extensions.bytes);
}

/** The text of an event up to its arguments: `{event:[2,'iface',{...}],name:` */
export function eventHead(
  id: number,
  interfaceName: string | undefined,
  event: string,
  metadata: Metadata | undefined,
  limits: WriteLimits,
): string {
  return metadata === undefined
    ? '{event:[' + integerText(id) + plainTargetText(interfaceName, event)
    : '{event:' + headWithMetadata(id, interfaceName, event, metadata, limits);
}

/**
 * The text of an event's arguments, up to the end of the message: `[a]}`. For peers that take bytes.
 * @param written - gets what was written as bytes, in the order of the text
 */
export function eventTail(args: readonly unknown[], maxDepth: number, written: object[]): WrittenMessage {
  return withAttached(stringify(args, { ...inMessage(maxDepth, true), written }) + '}');
}

/** Whether a message is an event. It must be one that a function of this file made. */
export function isEvent(message: WrittenMessage): boolean {
  return plainText(message).startsWith('{event:');
}

/**
 * Gives a message another number: of `{call:[1,...` it makes `{call:[7,...`.
 * @param message - a numbered message that a function of this file made
 * @param bytes - whether the peer takes bytes as such; if not, they become strings
 */
export function renumber(message: WrittenMessage, id: number, bytes = true): WrittenMessage {
  if (typeof message === 'string') return renumberText(message, id, bytes);
  if (!bytes) return renumberText(textOf(message), id, false);
  return message.withText(renumberText(message.text, id, true));
}

function renumberText(text: string, id: number, bytes: boolean): string {
  const message = withNumberAt(text, text.indexOf('[') + 1, id);
  return flat(bytes ? message : bytesAsStrings(message));
}

/**
 * Gives a value of a stream another place: of `{stream:[1,1],data:...` it makes `{stream:[1,2],data:...`.
 * @param message - made by {@link formatStreamItem} or {@link formatSourceItem}
 */
export function renumberItem(message: WrittenMessage, n: number): WrittenMessage {
  const text = plainText(message);
  const renumbered = flat(withNumberAt(text, text.lastIndexOf(',', text.indexOf(']')) + 1, n));
  return typeof message === 'string' ? renumbered : message.withText(renumbered);
}

/** Puts a number in the place of the one that begins there. */
function withNumberAt(text: string, begin: number, number: number): string {
  const end = begin + (NUMBER.exec(text.slice(begin, begin + NUMBER_LENGTH))?.[0].length ?? 0);
  return text.slice(0, begin) + integerText(number) + text.slice(end);
}

/** The text of a call or an event from its header to its arguments: `[1,'iface',{...}],method:` */
function headWithMetadata(
  id: number,
  interfaceName: string | undefined,
  name: string,
  metadata: Metadata,
  { maxMetadataBytes }: WriteLimits,
): string {
  const target = interfaceName === undefined ? 'null' : quote(interfaceName);
  const header = headerWithMetadata(`[${integerText(id)},${target}`, metadata, maxMetadataBytes);
  return header === undefined
    ? `[${integerText(id)}${plainTargetText(interfaceName, name)}`
    : `${header},${quoteKey(name)}:`;
}

/**
 * The header of a callback with metadata: `[1,{...}]`. Undefined for metadata without members.
 * @param id - the call's number
 * @throws {JstpError} ERR_JSTP_METADATA_TOO_LARGE
 */
export function formatCallbackHeader(
  id: number,
  metadata: Metadata,
  maxMetadataBytes = Infinity,
): string | undefined {
  return headerWithMetadata(`[${integerText(id)}`, metadata, maxMetadataBytes);
}

/**
 * `{callback:[1],ok:[r]}`
 * @param id - the call's number
 * @param results - usually one value, or none
 * @param maxDepth - how deep the message may be nested; the same with the following functions
 * @param header - from {@link formatCallbackHeader}, where the answer has metadata
 * @param bytes - whether the peer takes bytes as such; the same with the following functions
 */
export function formatCallbackOk(
  id: number,
  results: readonly unknown[],
  maxDepth = DEFAULT_DEPTH,
  header?: string,
  bytes = false,
): WrittenMessage {
  const head = header === undefined ? '{callback:[' + integerText(id) + '],ok:' : `{callback:${header},ok:`;
  return withArguments(head, results, maxDepth, bytes);
}

/** The text of a message that ends with an array, which often is one large string. */
function withArguments(
  head: string,
  args: readonly unknown[],
  maxDepth: number,
  bytes: boolean,
): WrittenMessage {
  if (args.length === 1) {
    const [only] = args;
    if (isLargeString(only) && isClean(only)) return joinParts(head + "['", only, "']}");
    if (only instanceof WrittenValue) return joinParts(head + '[', only.text, ']}');
  }
  return withArray(head, args, maxDepth, bytes);
}

/** The text of a message that ends with an array, and the large bytes in that. */
function withArray(
  head: string,
  array: readonly unknown[],
  maxDepth: number,
  bytes: boolean,
): WrittenMessage {
  const text = stringify(array, inMessage(maxDepth, bytes));
  const attached = takeAttached();
  if (attached) return attachCopy(flat(head + text + '}'), attached);
  return isLargeText(text) ? joinParts(head, text, '}') : flat(head + text + '}');
}

/** A text that was just written, with what it has left out. Many connections may send it. */
function withAttached(text: string): WrittenMessage {
  const attached = takeAttached();
  return attached ? new AttachedMessage(text, joinBytes(attached)) : text;
}

function inMessage(maxDepth: number, bytes: boolean): StringifyOptions {
  if (maxDepth !== DEFAULT_DEPTH) return { maxDepth: maxDepth - 1, bytes, attaches: bytes };
  return bytes ? WITH_BYTES : IN_MESSAGE;
}

/**
 * `{callback:[1],error:[code,message]}`
 * @param id - the call's number
 * @param error - `[code, message?, ...info]`
 * @param header - as of {@link formatCallbackOk}
 */
export function formatCallbackError(
  id: number,
  error: readonly unknown[],
  maxDepth = DEFAULT_DEPTH,
  header = `[${integerText(id)}]`,
  bytes = false,
): WrittenMessage {
  return withArray(`{callback:${header},error:`, error, maxDepth, bytes);
}

/** `{inspect:[3,'iface']}` */
export function formatInspect(id: number, interfaceName: string): string {
  return flat(`{inspect:[${integerText(id)},${quote(interfaceName)}]}`);
}

/** `{ping:[4]}` */
export function formatPing(id: number): string {
  return flat(`{ping:[${integerText(id)}]}`);
}

/** `{pong:[4]}` */
export function formatPong(id: number): string {
  return flat(`{pong:[${integerText(id)}]}`);
}

/**
 * `{call:[1,'iface',{...},[0,2]],method:[null,b,null]}`: a call of which some arguments are streams.
 * @param places - which they are, from 0, in order
 * @param args - with null in these places
 */
export function formatStreamingCall(
  id: number,
  interfaceName: string,
  method: string,
  args: readonly unknown[],
  places: readonly number[],
  metadata: Metadata | undefined,
  { limits, extensions }: Writing = ALONE,
): WrittenMessage {
  const start = `[${integerText(id)},${quote(interfaceName)}`;
  const end = `,[${places.join(',')}]`;
  const withMetadata = metadata && headerWithMetadata(start, metadata, limits.maxMetadataBytes - end.length);
  const header = withMetadata === undefined ? `${start},null` : withMetadata.slice(0, -1);
  return withArguments(
    `{call:${header}${end}],${quoteKey(method)}:`,
    args,
    limits.maxDepth,
    extensions.bytes,
  );
}

/** `{source:[callId,place,n],data:[value]}` */
export function formatSourceItem(
  callId: number,
  place: number,
  n: number,
  value: unknown,
  maxDepth = DEFAULT_DEPTH,
  bytes = false,
): WrittenMessage {
  return withArguments(
    `{source:[${integerText(callId)},${place},${integerText(n)}],data:`,
    [value],
    maxDepth,
    bytes,
  );
}

/** `{source:[callId,place,n],end:[]}` */
export function formatSourceEnd(callId: number, place: number, n: number): string {
  return flat(`{source:[${integerText(callId)},${place},${integerText(n)}],end:[]}`);
}

/**
 * `{source:[callId,place,n],error:[code,message]}`
 * @param error - `[code, message?, ...info]`
 */
export function formatSourceError(
  callId: number,
  place: number,
  n: number,
  error: readonly unknown[],
  maxDepth = DEFAULT_DEPTH,
  bytes = false,
): WrittenMessage {
  return withArray(
    `{source:[${integerText(callId)},${place},${integerText(n)}],error:`,
    error,
    maxDepth,
    bytes,
  );
}

/** `{source:[callId,place],credit:[limit]}` */
export function formatSourceCredit(callId: number, place: number, limit: number): string {
  return flat(`{source:[${integerText(callId)},${place}],credit:[${integerText(limit)}]}`);
}

/** `{source:[callId,place],cancel:[]}` */
export function formatSourceCancel(callId: number, place: number): string {
  return flat(`{source:[${integerText(callId)},${place}],cancel:[]}`);
}

/** `{stream:[callId,n],data:[value]}` */
export function formatStreamItem(
  callId: number,
  n: number,
  value: unknown,
  maxDepth = DEFAULT_DEPTH,
  bytes = false,
): WrittenMessage {
  return withArguments(`{stream:[${integerText(callId)},${integerText(n)}],data:`, [value], maxDepth, bytes);
}

/** `{stream:[callId],credit:[limit]}` */
export function formatStreamCredit(callId: number, limit: number): string {
  return flat(`{stream:[${integerText(callId)}],credit:[${integerText(limit)}]}`);
}

/** `{cancel:[callId]}` */
export function formatCancel(callId: number): string {
  return flat(`{cancel:[${integerText(callId)}]}`);
}

/** `{bye:['close']}`, or with the error that led to it `{bye:['close','ERR_JOURNAL_FULL']}` */
export function formatBye(reason: ByeReason, info?: string): string {
  return flat(`{bye:[${quote(reason)}${info === undefined ? '' : `,${quote(info)}`}]}`);
}

/** `{drain:[]}` */
export const DRAIN_TEXT = '{drain:[]}';

/** `{}`: the heartbeat of peers without extensions. */
export const HEARTBEAT_TEXT = '{}';
