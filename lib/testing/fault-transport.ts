import { Buffer } from 'node:buffer';
import type { Transport, TransportReceiver } from '../connection/transport.js';
import {
  ATTACHED,
  openAttached,
  type ArrivedMessage,
  type AttachedMessage,
} from '../protocol/attached-message.js';
import type { Limits } from '../protocol/limits.js';
import { MessageSplitter, type MessageSink } from '../protocol/splitter.js';
import { attachedHead } from '../transport/socket/write-text.js';
import { nodeDecoder } from '../transport/node-decoder.js';
import { ignore } from '../util/callback.js';

/** The two lanes of a link, as one of its ends uses them. */
interface Lanes {
  /** Sends bytes to the other end. */
  send(bytes: Uint8Array): void;
  /** How many bytes are on their way. */
  waiting(): number;
  /** Ends the outgoing lane, after the bytes on their way. */
  finish(): void;
  /** Holds the incoming bytes, or lets them go. */
  pause(isPaused: boolean): void;
  /** Drops all incoming bytes from now on. */
  close(): void;
}

/** One end of a link with faults. It carries messages as bytes, as a transport over a socket does. */
export class FaultTransport implements Transport {
  receiver: TransportReceiver | null = null;
  readonly decoder = nodeDecoder;
  readonly remoteAddress = undefined;
  /** Called when this end is closed or lost. */
  onClosed: () => void = ignore;
  /** How many of the next messages are delivered twice. */
  duplicates = 0;
  /** Set by the link that makes this end, before anything is sent. */
  lanes: Lanes = NO_LANES;
  private readonly splitter: MessageSplitter;
  private isOpen = true;
  private isPaused = false;
  private isDelivering = false;

  constructor(limits: Limits) {
    this.splitter = new MessageSplitter({ maxMessageBytes: limits.maxMessageBytes });
  }

  /** Whether the link is open for this end. */
  get isUp(): boolean {
    return this.isOpen;
  }

  getRawTransport(): this {
    return this;
  }

  get waiting(): number {
    return this.lanes.waiting();
  }

  send(text: string): void {
    if (!this.isOpen) return;
    this.lanes.send(Buffer.from(`${text}\0`));
    this.receiver?.transportWaits?.(this.waiting);
  }

  sendAttached(message: AttachedMessage, onWritten?: () => void): void {
    if (!this.isOpen) return;
    this.lanes.send(Buffer.concat([attachedHead(message), message.bytes]));
    onWritten?.();
    this.receiver?.transportWaits?.(this.waiting);
  }

  /** All that was sent has arrived. */
  drained(): void {
    if (this.isOpen) this.receiver?.transportWaits?.(0);
  }

  end(): void {
    this.close(undefined);
  }

  destroy(error?: Error): void {
    this.close(error);
  }

  pause(): void {
    this.isPaused = true;
    this.lanes.pause(true);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.lanes.pause(false);
    // Within a delivery, the loop that delivers goes on by itself.
    if (!this.isDelivering) this.deliver(undefined);
  }

  /** Receives bytes from the incoming lane. */
  arrived(bytes: Uint8Array): void {
    if (this.isOpen) this.deliver(bytes);
  }

  /** Notes that the link is dead, or that the peer has ended it. */
  lost(error: Error | undefined): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.splitter.clear();
    this.lanes.close();
    // Later, as with a socket: never before the function that has ended the transport returns.
    void Promise.resolve().then(() => {
      const { receiver } = this;
      this.receiver = null;
      receiver?.transportClosed(error);
      this.onClosed();
    });
  }

  private close(error: Error | undefined): void {
    if (!this.isOpen) return;
    this.lanes.finish();
    this.lost(error);
  }

  private deliver(bytes: Uint8Array | undefined): void {
    this.isDelivering = true;
    try {
      if (bytes) this.splitter.push(bytes, this.sink);
      else this.splitter.resume(this.sink);
    } catch (error) {
      this.destroy(error as Error);
    } finally {
      this.isDelivering = false;
    }
  }

  private readonly sink: MessageSink = (bytes) => {
    const message: ArrivedMessage = bytes[0] === ATTACHED ? openAttached(bytes) : bytes;
    this.receiver?.receiveMessage(message);
    if (this.duplicates > 0) {
      this.duplicates -= 1;
      if (this.isOpen) this.receiver?.receiveMessage(message);
    }
    return this.isOpen && this.receiver !== null && !this.isPaused;
  };
}

const NO_LANES: Lanes = { send: ignore, waiting: () => 0, finish: ignore, pause: ignore, close: ignore };
