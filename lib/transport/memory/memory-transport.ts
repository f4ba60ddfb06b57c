import { Buffer } from 'node:buffer';
import type { Transport, TransportReceiver } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import { AttachedMessage, type WrittenMessage } from '../../protocol/attached-message.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { ignore } from '../../util/callback.js';
import { slowPeerError } from '../../protocol/slow-peer.js';
import { SendRoom } from '../send-room.js';

/** Less than this, in bytes, waits too often to tell of it: a message arrives a microtask after it was sent. */
const TOLD_FROM_BYTES = 16 * 1024;

/** What is on its way to one end: a message, or the close with its error. */
type Item =
  { readonly message: WrittenMessage; readonly bytes: number } | { readonly error: Error | undefined };

/**
 * One end of a transport within this process: real messages, no socket. A message arrives a microtask after it was
 * sent, in order, so that tests with fake timers see it without letting time pass.
 */
export class MemoryTransport implements Transport {
  receiver: TransportReceiver | null = null;
  readonly decoder = null;
  readonly remoteAddress = undefined;
  /** Called when this end is closed. */
  onClosed: () => void = ignore;
  private peer: MemoryTransport | undefined;
  private inbox: Item[] = [];
  /** How many bytes the messages in the inbox have. */
  private inboxBytes = 0;
  /** Whether the receiver was told that something waits. */
  private hasTold = false;
  private isOpen = true;
  private isPaused = false;
  private isDelivering = false;
  private readonly room: SendRoom;

  private constructor(private readonly limits: Limits) {
    this.room = new SendRoom(limits.maxSendBufferBytes);
  }

  /**
   * Makes both ends of a transport.
   * @param limits the limits of the first end
   * @param peerLimits the limits of the second end
   */
  static createPair(limits: Limits, peerLimits: Limits): [MemoryTransport, MemoryTransport] {
    const near = new MemoryTransport(limits);
    const far = new MemoryTransport(peerLimits);
    near.peer = far;
    far.peer = near;
    return [near, far];
  }

  getRawTransport(): this {
    return this;
  }

  get waiting(): number {
    return this.peer?.inboxBytes ?? 0;
  }

  send(text: string): void {
    this.deliverLater(text, Buffer.byteLength(text));
  }

  sendAttached(message: AttachedMessage): void {
    const { text, length } = message;
    this.deliverLater(message, length - text.length + Buffer.byteLength(text));
  }

  private deliverLater(message: WrittenMessage, bytes: number): void {
    if (!this.isOpen) return;
    if (!this.room.admits(this.waiting)) {
      this.destroy(slowPeerError());
      return;
    }
    this.peer?.arrive({ message, bytes });
    this.room.sent(this.waiting);
    if (this.waiting < TOLD_FROM_BYTES) return;
    this.hasTold = true;
    this.receiver?.transportWaits?.(this.waiting);
  }

  end(): void {
    this.close(undefined);
  }

  destroy(error?: Error): void {
    this.close(error);
  }

  /** Loses the transport, as a cut cable does: what is on its way is lost, both ways. */
  cut(): void {
    this.destroy(cutError());
    this.peer?.destroy(cutError());
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.schedule();
  }

  private close(error: Error | undefined): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.inbox = [{ error }];
    this.inboxBytes = 0;
    this.isPaused = false;
    this.schedule();
    this.peer?.arrive({ error: undefined });
  }

  private arrive(item: Item): void {
    this.inbox.push(item);
    if ('bytes' in item) this.inboxBytes += item.bytes;
    // An end that does not read is told of the close, too.
    if ('error' in item) this.isPaused = false;
    this.schedule();
  }

  private schedule(): void {
    if (this.isDelivering || this.isPaused || this.inbox.length === 0) return;
    this.isDelivering = true;
    // A promise's microtask, not `queueMicrotask`: fake timers replace that.
    void Promise.resolve().then(() => {
      this.isDelivering = false;
      this.deliver();
    });
  }

  private deliver(): void {
    while (!this.isPaused) {
      const item = this.inbox.shift();
      if (!item) break;
      if ('error' in item) {
        this.closed(item.error);
        continue;
      }
      this.inboxBytes -= item.bytes;
      this.receive(item.message, item.bytes);
    }
    if (this.inbox.length === 0) this.peer?.allRead();
  }

  /** The peer has received all that was sent. */
  private allRead(): void {
    if (!this.hasTold) return;
    this.hasTold = false;
    this.receiver?.transportWaits?.(0);
  }

  private receive(message: WrittenMessage, bytes: number): void {
    if (!this.isOpen) return;
    if (bytes > this.limits.maxMessageBytes) {
      this.destroy(new ProtocolError(`Message of more than ${this.limits.maxMessageBytes} bytes`));
    } else this.receiver?.receiveMessage(ownCopy(message));
  }

  private closed(error: Error | undefined): void {
    this.isOpen = false;
    this.inbox = [];
    this.inboxBytes = 0;
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(error);
    this.onClosed();
  }
}

/** A message whose bytes the receiver may change: the sender keeps them for a replay. */
function ownCopy(message: WrittenMessage): WrittenMessage {
  return typeof message === 'string'
    ? message
    : new AttachedMessage(message.text, new Uint8Array(message.bytes));
}

function cutError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
}
