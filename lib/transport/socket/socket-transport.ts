import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { COUNTED_FROM_BYTES, type Transport, type TransportReceiver } from '../../connection/transport.js';
import { ATTACHED, openAttached, type AttachedMessage } from '../../protocol/attached-message.js';
import { partsOf } from '../../protocol/message-parts.js';
import { END_TIMEOUT_MS, type Limits } from '../../protocol/limits.js';
import { tighterLimit, type SizeLimit } from '../../protocol/size-limit.js';
import { MessageSplitter, type MessageSink } from '../../protocol/splitter.js';
import type { Admission } from '../../server/door/admission.js';
import { sharedDeadlines, type Expirable } from '../../util/shared-deadlines.js';
import { nodeDecoder } from '../node-decoder.js';
import { takenBytes } from '../node-internals.js';
import { clientAddressOf } from '../proxy/client-address.js';
import { ReceiveGuard, type ReceiveGuardOwner } from '../receive-guard.js';
import { SendGuard, type SendGuardOwner } from '../send-guard.js';
import { TransferProgress } from '../transfer-progress.js';
import { readDirectly, type DirectReader } from './direct-reads.js';
import { writeAttached, writeParts, writeText } from './write-text.js';

/**
 * The length of collected text, in UTF-16 units, at which a tick's first write is made; the length doubles with each
 * further write, up to {@link LAST_WRITE_AT}. What is left is written when the tick ends.
 *
 * Why so early: the peer works while the tick goes on, where both would take turns otherwise. Why it doubles: every
 * write has its price.
 */
const FIRST_WRITE_AT = 1024;
/** From this length on a message is written by itself. */
const LAST_WRITE_AT = 64 * 1024;
const TRANSPORT = Symbol('transport');

/**
 * A splitter that holds nothing, for the next chunk of any socket. Why kept: each chunk takes one, most have a message or two,
 * and it would be a seventh of a small call's garbage.
 */
let idleSplitter: MessageSplitter | undefined;
/** Whose messages are being delivered. Why not in a function of its own for each chunk: that is garbage, too. */
let delivering: SocketTransport | undefined;

type TransportSocket = Socket & { [TRANSPORT]: SocketTransport };

/**
 * JSTP over a byte stream, TCP, TLS or IPC: a NUL ends each message (docs/protocol.md). What one tick sends is written
 * in a few large pieces.
 */
export class SocketTransport
  implements Transport, SendGuardOwner, ReceiveGuardOwner, DirectReader, Expirable
{
  receiver: TransportReceiver | null = null;
  /** Kept from chunk to chunk only while it holds bytes. Why: most sockets of a server are idle. */
  private splitter: MessageSplitter | undefined;
  private outgoing = '';
  private isFlushScheduled = false;
  private writeAt = FIRST_WRITE_AT;
  /** The limit that holds for what is received; undefined: nothing is received any more. Why one field: memory. */
  private limit: SizeLimit | undefined = 'maxMessageBytes';
  private isPaused = false;
  private isDelivering = false;
  private isResting = false;
  /** Whether the socket reads to memory that it is given, and has no event 'data'. */
  private isDirect = false;
  // Made with the first write that the system does not take at once: most sockets never have one.
  private guard: SendGuard | undefined;
  // Kept only while there is an unfinished message, give or take a few seconds.
  private receiveGuard: ReceiveGuard | undefined;
  private progress: TransferProgress | undefined;
  private closeError: Error | undefined;

  /**
   * @param socket a connected socket, which belongs to the transport from now on
   * @param limits the limits of this side
   * @param admission the place that is given back when the socket is closed
   */
  constructor(
    private readonly socket: Socket,
    private readonly limits: Limits,
    private readonly admission?: Admission,
  ) {
    // Why on the socket: the listeners are the same functions for all sockets then.
    (socket as TransportSocket)[TRANSPORT] = this;
    socket.setNoDelay(true);
    socket.on('data', onData).on('error', onError).on('close', onClose);
    // Node ends all other sockets itself. Why not always: a second listener of an event takes an array of 64 bytes.
    if (socket.allowHalfOpen) socket.on('end', onEnd);
  }

  get decoder(): typeof nodeDecoder {
    return nodeDecoder;
  }

  get remoteAddress(): string | undefined {
    return clientAddressOf(this.socket);
  }

  getRawTransport(): Socket {
    return this.socket;
  }

  get byteCounts(): Socket {
    return this.socket;
  }

  getPeerCertificate(): unknown {
    return (this.socket as Partial<TLSSocket>).getPeerCertificate?.();
  }

  get waiting(): number {
    return this.socket.writableLength + this.outgoing.length + (this.guard?.overhead ?? 0);
  }

  limitTo(limit: SizeLimit): void {
    if (!this.isUp) return;
    this.limit = tighterLimit(this.limits, limit);
    this.splitter?.limitTo(this.limits[this.limit], this.limit);
  }

  send(text: string): void {
    if (!this.isOpen) return;
    if (text.length >= LAST_WRITE_AT) {
      this.sendLarge(text);
      return;
    }
    this.outgoing += text;
    this.outgoing += '\0';
    if (this.outgoing.length >= this.writeAt) {
      this.writeAt = Math.min(2 * this.writeAt, LAST_WRITE_AT);
      this.flush();
    }
    if (!this.isFlushScheduled) {
      this.isFlushScheduled = true;
      process.nextTick(flushScheduled, this);
    }
  }

  sendAttached(message: AttachedMessage, onWritten?: (error?: Error | null) => void): void {
    this.flush();
    if (this.mayWrite) this.wrote(writeAttached(this.socket, message, onWritten));
  }

  end(): void {
    if (!this.isOpen) return;
    this.flush();
    this.limit = undefined;
    this.splitter?.clear();
    this.socket.end();
    // Goes on reading to see the peer's end. What arrives until then is dropped.
    this.socket.resume();
    sharedDeadlines(END_TIMEOUT_MS).add(this);
  }

  destroy(error?: Error): void {
    this.limit = undefined;
    this.closeError ??= error;
    this.splitter?.clear();
    this.outgoing = '';
    this.socket.destroy();
  }

  pause(): void {
    this.isPaused = true;
    this.receiveGuard?.paused();
    this.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    // Within a delivery, the loop there goes on by itself.
    if (!this.isDelivering && !this.isResting && this.splitter) this.deliver(undefined);
    // Last, as what is delivered may pause again.
    if (this.isReading) this.socket.resume();
  }

  rest(): void {
    if (this.isResting) return;
    this.isResting = true;
    rest(this);
  }

  hasMoved(): Promise<boolean> {
    const { socket } = this;
    this.progress ??= new TransferProgress(socket);
    return this.progress.hasMoved({
      received: socket.bytesRead,
      isMidMessage: this.splitter !== undefined,
      sent: takenBytes(socket),
      waiting: socket.writableLength,
    });
  }

  /** Writes the text that was collected. */
  flush(): void {
    const text = this.outgoing;
    if (text === '') return;
    this.outgoing = '';
    if (this.mayWrite) this.wrote(writeText(this.socket, text));
  }

  private sendLarge(text: string): void {
    this.flush();
    if (this.mayWrite) this.wrote(writeParts(this.socket, [...partsOf(text), '\0']));
  }

  private get mayWrite(): boolean {
    return this.isOpen && (this.guard === undefined || this.guard.admits());
  }

  private wrote(hasTakenAll: boolean): void {
    if (!hasTakenAll) this.guard ??= new SendGuard(this.socket, this.limits, this);
    this.guard?.wrote();
  }

  /** @internal Tells of what waits in the socket. */
  noteWaiting(bytes: number): void {
    this.receiver?.transportWaits?.(bytes);
  }

  /** @internal The message whose end has not arrived. */
  get unfinished(): number | undefined {
    return this.splitter?.unfinished;
  }

  /** @internal Whether the peer is heard. */
  get isReading(): boolean {
    return this.isOpen && !this.isPaused;
  }

  /** @internal Destroys the socket, since the peer did not close its side in time. */
  expire(): void {
    this.socket.destroy();
  }

  /** @internal Handles the socket's event 'data', and what was read to given memory. */
  received(chunk: Buffer, isReused = false): void {
    if (!this.isOpen) return;
    // Where Node has gone on by itself.
    if (this.isDirect && this.isPaused) this.socket.pause();
    this.deliver(chunk, isReused);
    // Why not from the start: most sockets never get a large message.
    if (!this.isDirect && this.splitter && this.isReading) this.isDirect = readDirectly(this.socket, this);
  }

  /** @internal Memory for the rest of a large message. */
  roomFor(least: number): Uint8Array | undefined {
    return this.isUp ? this.splitter?.roomFor(least) : undefined;
  }

  /** @internal Goes on after a rest. */
  rested(): void {
    this.isResting = false;
    if (this.isReading && !this.isDelivering && this.splitter) this.deliver(undefined);
  }

  /** @internal Handles the socket's event 'end' where Node leaves this side open (`allowHalfOpen`). */
  ended(): void {
    this.socket.end();
  }

  /** @internal Handles the socket's event 'error'. */
  failed(error: Error): void {
    this.closeError ??= error;
  }

  /** @internal Handles the socket's event 'close'. */
  closed(): void {
    // A paused socket of Node ends, too, with messages of its last chunk unserved.
    if (this.isUp && this.splitter) this.deliver(undefined);
    this.limit = undefined;
    sharedDeadlines(END_TIMEOUT_MS).delete(this);
    this.guard?.stop();
    this.receiveGuard?.stop();
    this.admission?.release();
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(this.closeError);
  }

  /** @internal Writes what a tick has collected, when it ends. */
  flushScheduled(): void {
    this.isFlushScheduled = false;
    this.writeAt = FIRST_WRITE_AT;
    this.flush();
  }

  private get isUp(): boolean {
    return this.limit !== undefined;
  }

  /** Whether messages can be sent: no longer once the peer has closed its side, since Node closes this one then. */
  private get isOpen(): boolean {
    return this.isUp && !this.socket.readableEnded;
  }

  private deliver(chunk: Buffer | undefined, isReused = false): void {
    const splitter = (this.splitter ??= this.takeSplitter());
    const heldBefore = splitter.held;
    const isWithin = this.isDelivering;
    this.isDelivering = true;
    // What is delivered may make another socket deliver.
    const outer = setDelivering(this);
    try {
      if (chunk) splitter.push(chunk, deliverMessage, isReused);
      else splitter.resume(deliverMessage);
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      setDelivering(outer);
      this.isDelivering = false;
      if (splitter.isIdle || !this.isUp) this.dropSplitter(isWithin ? undefined : splitter);
      else if (!this.receiveGuard) this.guardMessage();
    }
    const { held } = splitter;
    if (this.isUp && (held >= COUNTED_FROM_BYTES || heldBefore >= COUNTED_FROM_BYTES))
      this.receiver?.transportHolds?.(held);
  }

  private guardMessage(): void {
    if (this.unfinished === undefined || !ReceiveGuard.isNeeded(this.limits)) return;
    this.receiveGuard = new ReceiveGuard(this.socket, this.limits, this, () => {
      this.receiveGuard = undefined;
    });
  }

  private takeSplitter(): MessageSplitter {
    const { limit = 'maxMessageBytes', limits } = this;
    const maxMessageBytes = limits[limit];
    const splitter = idleSplitter ?? new MessageSplitter({ maxMessageBytes, allocate: allocateBytes });
    idleSplitter = undefined;
    splitter.limitTo(maxMessageBytes, limit);
    return splitter;
  }

  /** @param splitter what nobody uses any more, for the next one who needs one */
  private dropSplitter(splitter: MessageSplitter | undefined): void {
    this.splitter = undefined;
    // One that has thrown must not be used again.
    if (this.isUp) idleSplitter = splitter;
  }

  /** @internal Takes one message. Returns whether the next one may be delivered, too. */
  deliverMessage(bytes: Uint8Array): boolean {
    if (!this.isUp || !this.receiver) return false;
    this.receiver.receiveMessage(bytes[0] === ATTACHED ? openAttached(bytes) : bytes);
    // Behind the end of the socket, nobody would resume.
    return (this.isReading && !this.isResting) || this.socket.closed;
  }
}

/** @returns whose messages were being delivered before */
function setDelivering(transport: SocketTransport | undefined): SocketTransport | undefined {
  const before = delivering;
  delivering = transport;
  return before;
}

const deliverMessage: MessageSink = (bytes) => delivering?.deliverMessage(bytes) ?? false;

function allocateBytes(size: number): Buffer {
  return Buffer.allocUnsafe(size);
}

function flushScheduled(transport: SocketTransport): void {
  transport.flushScheduled();
}

function rest(transport: SocketTransport): void {
  // A tick that a promise asks for comes when no promise has anything to do any more.
  void Promise.resolve(transport).then(scheduleRested);
}

function scheduleRested(transport: SocketTransport): void {
  process.nextTick(rested, transport);
}

function rested(transport: SocketTransport): void {
  transport.rested();
}

function onData(this: Socket, chunk: Buffer): void {
  (this as TransportSocket)[TRANSPORT].received(chunk);
}

function onEnd(this: Socket): void {
  (this as TransportSocket)[TRANSPORT].ended();
}

function onError(this: Socket, error: Error): void {
  (this as TransportSocket)[TRANSPORT].failed(error);
}

function onClose(this: Socket): void {
  (this as TransportSocket)[TRANSPORT].closed();
}
