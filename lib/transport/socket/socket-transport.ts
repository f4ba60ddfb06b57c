import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Transport, TransportReceiver } from '../../connection/transport.js';
import { partsOf } from '../../protocol/large-text.js';
import type { Limits } from '../../protocol/limits.js';
import { MessageSplitter, type MessageSink } from '../../protocol/splitter.js';
import { sharedDeadlines, type Expirable } from '../../util/shared-deadlines.js';
import { nodeDecoder } from '../node-decoder.js';
import { addressOf } from './address-of.js';
import { TransferProgress } from '../transfer-progress.js';
import { SendGuard } from '../send-guard.js';
import { writeParts, writeText } from './write-text.js';

/**
 * A tick's first write is made at this length, so that the peer works while the tick goes on: else both would take
 * turns. Each further one at twice the length of the one before, as every write has its price; the rest when the tick ends.
 */
const FIRST_WRITE_AT = 1024;
const LAST_WRITE_AT = 64 * 1024;
/** How long a peer may take to close its side after ours is closed. */
const END_TIMEOUT_MS = 2000;
const TRANSPORT = Symbol('transport');

type TransportSocket = Socket & { [TRANSPORT]: SocketTransport };

/**
 * JSTP over a byte stream, TCP or IPC (PROTOCOL.md 1): each message's text ends with a NUL. What one tick
 * sends is written in a few large pieces.
 */
export class SocketTransport implements Transport, Expirable {
  receiver: TransportReceiver | null = null;
  /** Kept from chunk to chunk only while it holds something: most sockets of a server are idle. */
  private splitter: MessageSplitter | undefined;
  private outgoing = '';
  private isFlushScheduled = false;
  private writeAt = FIRST_WRITE_AT;
  private isUp = true;
  private isPaused = false;
  private isDelivering = false;
  // Most sockets take all at once, and never need one.
  private guard: SendGuard | undefined;
  private progress: TransferProgress | undefined;
  private closeError: Error | undefined;

  /** @param socket a connected socket, which belongs to the transport from now on */
  constructor(
    private readonly socket: Socket,
    private readonly limits: Limits,
  ) {
    // Found from the socket, so that the listeners are the same functions for all sockets.
    (socket as TransportSocket)[TRANSPORT] = this;
    socket.setNoDelay(true);
    socket.on('data', onData).on('error', onError).on('close', onClose);
    // Node itself ends all others when the peer does; a second listener of an event is an array of 64 bytes.
    if (socket.allowHalfOpen) socket.on('end', onEnd);
  }

  get decoder(): typeof nodeDecoder {
    return nodeDecoder;
  }

  get remoteAddress(): string | undefined {
    return addressOf(this.socket);
  }

  getRawTransport(): Socket {
    return this.socket;
  }

  getPeerCertificate(): unknown {
    return (this.socket as Partial<TLSSocket>).getPeerCertificate?.();
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

  end(): void {
    if (!this.isOpen) return;
    this.flush();
    this.isUp = false;
    this.splitter?.clear();
    this.socket.end();
    // Reads on, to see the peer's end; what it brings is dropped.
    this.socket.resume();
    sharedDeadlines(END_TIMEOUT_MS).add(this);
  }

  destroy(error?: Error): void {
    this.isUp = false;
    this.closeError ??= error;
    this.splitter?.clear();
    this.outgoing = '';
    this.socket.destroy();
  }

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.socket.resume();
    // Inside a delivery the loop that delivers goes on by itself.
    if (!this.isDelivering && this.splitter) this.deliver(undefined);
  }

  hasMoved(): Promise<boolean> {
    const { socket, guard } = this;
    this.progress ??= new TransferProgress(socket);
    return this.progress.hasMoved({
      come: socket.bytesRead,
      isMidMessage: this.splitter !== undefined,
      gone: guard?.gone ?? 0,
      waiting: socket.writableLength,
    });
  }

  /** Writes what waits. */
  flush(): void {
    const text = this.outgoing;
    if (text === '') return;
    this.outgoing = '';
    if (this.isOpen) this.wrote(text.length, writeText(this.socket, text));
  }

  private sendLarge(text: string): void {
    this.flush();
    this.wrote(text.length + 1, writeParts(this.socket, [...partsOf(text), '\0']));
  }

  private wrote(length: number, hasTakenAll: boolean): void {
    if (!hasTakenAll) this.guard ??= new SendGuard(this.socket, this.limits, (error) => this.destroy(error));
    this.guard?.wrote(length);
  }

  /** @internal The time that a peer may take to close its side is over. */
  expire(): void {
    this.socket.destroy();
  }

  /** @internal The socket's listeners. */
  received(chunk: Buffer): void {
    if (this.isOpen) this.deliver(chunk);
  }

  /** @internal The peer has closed its side, and Node leaves ours open: the server was made with `allowHalfOpen`. */
  ended(): void {
    this.socket.end();
  }

  /** @internal */
  failed(error: Error): void {
    this.closeError ??= error;
  }

  /** @internal */
  closed(): void {
    this.isUp = false;
    sharedDeadlines(END_TIMEOUT_MS).delete(this);
    this.guard?.stop();
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(this.closeError);
  }

  /** Scheduled writes go through here. */
  flushScheduled(): void {
    this.isFlushScheduled = false;
    this.writeAt = FIRST_WRITE_AT;
    this.flush();
  }

  /** Once the peer has closed its side, Node closes ours: nothing can be sent any more. */
  private get isOpen(): boolean {
    return this.isUp && !this.socket.readableEnded;
  }

  private get isReading(): boolean {
    return this.isOpen && !this.isPaused;
  }

  private deliver(chunk: Buffer | undefined): void {
    // Made for each chunk, which is cheap, so that an idle connection keeps none.
    const sink: MessageSink = (bytes) => this.take(bytes);
    const splitter = (this.splitter ??= this.createSplitter());
    this.isDelivering = true;
    try {
      if (chunk) splitter.push(chunk, sink);
      else splitter.resume(sink);
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.isDelivering = false;
      if (splitter.isIdle || !this.isUp) this.splitter = undefined;
    }
  }

  private createSplitter(): MessageSplitter {
    return new MessageSplitter({ maxMessageBytes: this.limits.maxMessageBytes, allocate: allocateBytes });
  }

  private take(bytes: Uint8Array): boolean {
    if (!this.isOpen || !this.receiver) return false;
    this.receiver.receiveMessage(bytes);
    return this.isReading;
  }
}

function allocateBytes(size: number): Buffer {
  return Buffer.allocUnsafe(size);
}

function flushScheduled(transport: SocketTransport): void {
  transport.flushScheduled();
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
