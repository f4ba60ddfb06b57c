import { Buffer } from 'node:buffer';
import type { Transport, TransportReceiver } from '../connection/transport.js';
import type { Limits } from '../protocol/limits.js';
import { MessageSplitter, type MessageSink } from '../protocol/splitter.js';
import { nodeDecoder } from '../transport/node-decoder.js';
import { ignore } from '../util/callback.js';

/** The line as one of its ends sees it. */
interface Line {
  send(bytes: Uint8Array): void;
  /** This end sends no more. */
  finish(): void;
  /** This end takes nothing for a while, or again. */
  pause(isPaused: boolean): void;
  /** This end takes nothing any more. */
  close(): void;
}

/** One end of a link with faults: JSTP over bytes, as over a socket, and no socket. */
export class FaultTransport implements Transport {
  receiver: TransportReceiver | null = null;
  readonly decoder = nodeDecoder;
  readonly remoteAddress = 'memory';
  /** Called when this end is closed. */
  onClosed: () => void = ignore;
  /** How many of the next messages arrive twice. */
  duplicates = 0;
  /** Both are set once the link is made, before anything is sent. */
  line: Line = NO_LINE;
  private readonly splitter: MessageSplitter;
  private isOpen = true;
  private isPaused = false;
  private isDelivering = false;

  constructor(limits: Limits) {
    this.splitter = new MessageSplitter({ maxMessageBytes: limits.maxMessageBytes });
  }

  /** Whether this end takes the link for one that is up. */
  get isUp(): boolean {
    return this.isOpen;
  }

  getRawTransport(): this {
    return this;
  }

  send(text: string): void {
    if (this.isOpen) this.line.send(Buffer.from(`${text}\0`));
  }

  end(): void {
    this.close(undefined);
  }

  destroy(error?: Error): void {
    this.close(error);
  }

  pause(): void {
    this.isPaused = true;
    this.line.pause(true);
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.line.pause(false);
    // Inside a delivery the loop that delivers goes on by itself.
    if (!this.isDelivering) this.deliver(undefined);
  }

  /** Bytes have arrived. */
  arrived(bytes: Uint8Array): void {
    if (this.isOpen) this.deliver(bytes);
  }

  /** The line is gone: broken, or ended by the peer. */
  lost(error: Error | undefined): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.splitter.clear();
    this.line.close();
    // As with a socket, never before the function that ended it has returned.
    void Promise.resolve().then(() => {
      const { receiver } = this;
      this.receiver = null;
      receiver?.transportClosed(error);
      this.onClosed();
    });
  }

  private close(error: Error | undefined): void {
    if (!this.isOpen) return;
    this.line.finish();
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
    this.receiver?.receiveMessage(bytes);
    if (this.duplicates > 0) {
      this.duplicates -= 1;
      if (this.isOpen) this.receiver?.receiveMessage(bytes);
    }
    return this.isOpen && this.receiver !== null && !this.isPaused;
  };
}

const NO_LINE: Line = { send: ignore, finish: ignore, pause: ignore, close: ignore };
