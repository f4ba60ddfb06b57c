/**
 * All uses of what Node keeps private. `test/transport/node-internals.test.ts` tests each of them, and runs on every
 * Node that `engines` names. Where a platform lacks a part (Bun, Deno), each function answers as its comment says.
 */
import { Buffer } from 'node:buffer';
import { fstat } from 'node:fs';
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { intern } from '../util/intern.js';

/** A socket with its private parts. */
type InternalSocket = Socket & {
  /** libuv's handle; null once the socket is closed. */
  readonly _handle?: SocketHandle | null;
  /** For a TLS socket of a server: the socket that was accepted. */
  readonly _parent?: Socket | null;
};

interface SocketHandle {
  readonly fd?: number;
  /** How many bytes of the write under way the system has not taken yet. */
  readonly writeQueueSize?: number;
  /** How many bytes libuv was given. */
  readonly bytesWritten?: number;
  /** Reads into this memory from now on. */
  readonly useUserBuffer?: (memory: Uint8Array) => void;
  /** Fills in the peer's address; returns an error's number, or 0. */
  readonly getpeername?: (peer: PeerName) => number;
}

interface PeerName {
  address?: string | undefined;
  family?: string | undefined;
  port?: number | undefined;
}

/** The methods of Node's buffers that its type declarations leave out. */
interface BufferMethods {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

// Why from the prototype: a plain Uint8Array will do then, where `toString` needs a Buffer and costs a second call.
const bufferMethods = Buffer.prototype as unknown as BufferMethods;

/** The text of ASCII bytes. Needs a Buffer with `latin1Slice`, as Node, Bun and Deno have it. */
export function latin1Slice(bytes: Uint8Array, start: number, end: number): string {
  return bufferMethods.latin1Slice.call(bytes, start, end);
}

/** The text of UTF-8 bytes. Needs a Buffer with `utf8Slice`, as Node, Bun and Deno have it. */
export function utf8Slice(bytes: Uint8Array, start: number, end: number): string {
  return bufferMethods.utf8Slice.call(bytes, start, end);
}

// The last one that was asked. Why: a server asks twice for each socket that it accepts, and it is a call of the system.
let lastHandle: SocketHandle | undefined;
let lastAddress: string | undefined;
// What a handle fills in, with the members that it gets. Why one for all: made anew it costs half as much as the call itself.
const peer: PeerName = { address: undefined, family: undefined, port: undefined };

/**
 * The address of a socket's peer; undefined for an IPC socket, and for one that is closed.
 *
 * Why not `remoteAddress` alone: Node keeps an object for each socket that was asked for it, about 90 bytes of an idle
 * connection's 1.5 KB. Where the handle cannot be asked, `remoteAddress` answers.
 */
export function peerAddress(socket: Socket): string | undefined {
  const { _handle: handle } = socket as InternalSocket;
  if (typeof handle?.getpeername !== 'function') return socket.remoteAddress;
  if (handle === lastHandle) {
    // It keeps the socket, and all that this has.
    lastHandle = undefined;
    return lastAddress;
  }
  peer.address = undefined as string | undefined;
  if (handle.getpeername(peer) !== 0 || peer.address === undefined) return socket.remoteAddress;
  // Why: behind a proxy all connections have the same address, and share one text then.
  if (peer.address !== lastAddress) lastAddress = intern(peer.address);
  lastHandle = handle;
  return lastAddress;
}

/**
 * How many bytes of the write under way the system has not taken yet; 0 where that is not known.
 *
 * Why: Node joins what waits in a socket into one large write, whose progress shows nowhere else.
 */
export function unwrittenBytes(socket: Socket): number {
  return (socket as InternalSocket)._handle?.writeQueueSize ?? 0;
}

/**
 * How many bytes of a socket the system has taken. Where libuv does not tell, those of writes that are done.
 */
export function takenBytes(socket: Socket): number {
  const { _handle: handle } = socket as InternalSocket;
  const given = handle?.bytesWritten ?? socket.bytesWritten - socket.writableLength;
  return given - unwrittenBytes(socket);
}

/**
 * The socket that a server accepted, given that socket or the TLS socket that Node has made of it; where that is not
 * known, the given socket.
 */
export function acceptedSocket(socket: Socket): Socket {
  return (socket as InternalSocket)._parent ?? socket;
}

/**
 * Whether `write` hands bytes to the system before it returns, as long as nothing else waits in the socket: the memory
 * of the bytes may be used again then. False for TLS, which encrypts them later, and where somebody has replaced a
 * method of the socket.
 */
export function writesAtOnce(socket: Socket): boolean {
  return isUnchanged(socket) && !(socket as Partial<TLSSocket>).encrypted;
}

/**
 * Whether the callback of `write` means that the memory of the bytes may be used again: the system has them, or TLS has
 * encrypted them. False where somebody has replaced a method of the socket, for other streams, and on another platform.
 */
export function tellsWhenWritten(socket: Socket): boolean {
  const { bun, deno } = process.versions;
  return bun === undefined && deno === undefined && isUnchanged(socket);
}

function isUnchanged(socket: Socket): boolean {
  return (
    socket.write === Socket.prototype.write &&
    socket._write === Socket.prototype._write &&
    socket._writev === Socket.prototype._writev
  );
}

/** What `onread` of `net.connect` sets, which a socket that a server has accepted cannot be given otherwise. */
const ONREAD_SYMBOLS = ['kBuffer', 'kBufferCb', 'kBufferGen'];

/**
 * Makes a TCP or IPC socket read into memory that it is given, from its next read on, and for good. It does not read ahead any
 * more, and has no event 'data' of its own.
 * @param memoryOf called after each read; what it returns is for the next one
 * @param onRead called with each read, and what it was read to. It must not throw
 * @returns false where that cannot be done: for TLS, where something waits in the socket, and on another platform
 *
 * Why: Node makes an array of 64 KiB for each read, whose bytes are copied once more.
 */
export function readInto(
  socket: Socket,
  memoryOf: () => Uint8Array,
  onRead: (count: number, memory: Uint8Array) => void,
): boolean {
  const [buffer, callback, generator] = onreadSymbols(socket);
  if (!buffer || !callback || !generator) return false;
  const memory = memoryOf();
  Object.assign(socket, { [buffer]: memory, [callback]: onRead, [generator]: memoryOf });
  (socket as InternalSocket)._handle?.useUserBuffer?.(memory);
  return true;
}

/** Whether {@link readInto} can be done now. */
export function canReadInto(socket: Socket): boolean {
  const symbols = onreadSymbols(socket);
  return symbols.length > 0 && !symbols.includes(undefined);
}

function onreadSymbols(socket: Socket): readonly (symbol | undefined)[] {
  const { _handle: handle } = socket as InternalSocket;
  if ((socket as Partial<TLSSocket>).encrypted || socket.readableLength > 0) return [];
  if (typeof handle?.useUserBuffer !== 'function') return [];
  const symbols = Object.getOwnPropertySymbols(socket);
  return ONREAD_SYMBOLS.map((name) => symbols.find(({ description }) => description === name));
}

/** A WebSocket of the package `ws` with its private parts. */
interface InternalWebSocket {
  /** What receives its frames; undefined in what another platform has in the place of `ws`. */
  readonly _receiver?: WebSocketReceiver | undefined;
}

interface WebSocketReceiver {
  _maxPayload?: number;
  /** How many bytes were received that are not consumed. */
  _bufferedBytes?: number;
  /** Those bytes. */
  readonly _buffers?: Buffer[];
  /** How many bytes the whole frames have of a message that has come in part. */
  readonly _messageLength?: number;
  /** The kind of a message that has come in part, as whole frames; 0: there is none. */
  readonly _fragmented?: number;
  /** What part of a frame comes next; 0: its beginning. */
  readonly _state?: number;
  /** How many bytes the payload has of the frame that comes. */
  readonly _payloadLength?: number;
  /** Whether it is masked, and by which four bytes. */
  readonly _masked?: boolean;
  _mask?: Uint8Array | undefined;
  /** Whether the peer has broken a rule. */
  readonly _errored?: boolean;
  /** What was written to it, and waits. */
  readonly writableLength?: number;
}

/** What {@link WebSocketReceiver._state} is where a frame begins, and where its payload comes. */
const FRAME_COMES = 0;
const PAYLOAD_COMES = 4;
const NO_MASK = new Uint8Array(4);

/**
 * Sets the largest message that a WebSocket of `ws` receives, in bytes. Where it cannot be set, the one that the WebSocket
 * was made with stays.
 * @returns the one before; undefined where it cannot be set
 *
 * Why: `ws` has one for all WebSockets of a server, and a stranger's message is not to be collected like a client's.
 */
export function setMaxPayload(webSocket: object, bytes: number): number | undefined {
  const receiver = (webSocket as InternalWebSocket)._receiver;
  const before = receiver?._maxPayload;
  if (receiver && before !== undefined) receiver._maxPayload = bytes;
  return before;
}

/**
 * Whether a message has begun to arrive at a WebSocket of `ws` (or a control frame) and is not complete. False where that
 * is not known.
 *
 * Why: `ws` tells of whole messages alone.
 */
export function isMidMessage(webSocket: object): boolean {
  const { _bufferedBytes, _fragmented, _state } = (webSocket as InternalWebSocket)._receiver ?? {};
  return Boolean(_bufferedBytes) || Boolean(_fragmented) || Boolean(_state);
}

/** How many bytes a WebSocket of `ws` holds of a message that has not arrived whole; 0 where that is not known. */
export function heldBytes(webSocket: object): number {
  const { _bufferedBytes = 0, _messageLength = 0 } = (webSocket as InternalWebSocket)._receiver ?? {};
  return _bufferedBytes + _messageLength;
}

/** Whether a frame begins with what a WebSocket of `ws` is given next. False where that is not known. */
export function isBetweenFrames(webSocket: object): boolean {
  const receiver = (webSocket as InternalWebSocket)._receiver;
  return receiver?._bufferedBytes === 0 && isInState(receiver, FRAME_COMES);
}

/** A payload that a WebSocket awaits the rest of. */
export interface AwaitedPayload {
  /** How many bytes it has. */
  readonly size: number;
  /** How many of these have arrived. */
  readonly held: number;
}

/** The payload that a WebSocket of `ws` has read the head of the frame of; undefined: none, or that is not known. */
export function awaitedPayload(webSocket: object): AwaitedPayload | undefined {
  const receiver = (webSocket as InternalWebSocket)._receiver;
  const { _payloadLength: size, _bufferedBytes: held, _buffers } = receiver ?? {};
  if (!receiver || !_buffers || size === undefined || held === undefined) return undefined;
  return isInState(receiver, PAYLOAD_COMES) && held < size ? { size, held } : undefined;
}

/**
 * Takes what has arrived of {@link awaitedPayload} out of a WebSocket. It is to be given all of it later, in one piece, which it
 * does not copy then.
 */
export function takePayload(webSocket: object): readonly Buffer[] {
  const receiver = (webSocket as InternalWebSocket)._receiver;
  if (!receiver?._buffers) return [];
  receiver._bufferedBytes = 0;
  return receiver._buffers.splice(0);
}

/** Takes the mask of {@link awaitedPayload} off a WebSocket, which does not unmask it then; undefined: it has none. */
export function takeMask(webSocket: object): Uint8Array | undefined {
  const receiver = (webSocket as InternalWebSocket)._receiver;
  if (!receiver?._masked) return undefined;
  const mask = receiver._mask;
  if (mask) receiver._mask = NO_MASK;
  return mask;
}

/** Whether a receiver has nothing to do but to wait for that part of a frame. */
function isInState({ _state, _errored, writableLength }: WebSocketReceiver, state: number): boolean {
  return _state === state && !_errored && writableLength === 0;
}

/** Each time that so many chunks more wait in a WebSocket, they are joined; pieces of this size are not joined again. */
const JOINED_CHUNKS = 256;
const JOINED_BYTES = 64 * 1024;

/**
 * Joins the small chunks of a frame that a WebSocket of `ws` has received in part, when they have become many.
 *
 * Why: each takes 200 bytes of memory besides its own, and a frame that has come byte by byte takes `ws` a time that grows
 * with the square of their number: 8 seconds for 65,536.
 */
export function joinChunks(webSocket: object): void {
  const chunks = (webSocket as InternalWebSocket)._receiver?._buffers;
  if (!chunks || chunks.length === 0 || chunks.length % JOINED_CHUNKS !== 0) return;
  let run: Buffer[] = [];
  for (const chunk of chunks.splice(0)) {
    if (chunk.length < JOINED_BYTES) run.push(chunk);
    else {
      chunks.push(...joined(run), chunk);
      run = [];
    }
  }
  chunks.push(...joined(run));
}

function joined(run: readonly Buffer[]): readonly Buffer[] {
  return run.length > 1 ? [Buffer.concat(run)] : run;
}

const statOf = promisify(fstat);

/**
 * The inode of a TCP socket, by which Linux's tables of sockets name it; undefined elsewhere, and of a socket that is closed.
 */
export async function inodeOf(socket: Socket): Promise<string | undefined> {
  const fd = (socket as InternalSocket)._handle?.fd;
  if (process.platform !== 'linux' || fd === undefined || fd < 0) return undefined;
  try {
    const { ino } = await statOf(fd);
    return String(ino);
  } catch {
    // The socket was closed meanwhile.
    return undefined;
  }
}
