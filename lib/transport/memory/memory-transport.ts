import type { Transport, TransportReceiver } from '../../connection/transport.js';
import type { Limits } from '../../protocol/limits.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { ignore } from '../../util/callback.js';

/** What is on its way to one end: a message, or the close with its error. */
type Item = { readonly text: string } | { readonly error: Error | undefined };

/**
 * One end of a transport within this process: real messages, no socket. A message arrives a microtask after it was
 * sent, in order, so that tests with fake timers see it without letting time pass.
 */
export class MemoryTransport implements Transport {
  receiver: TransportReceiver | null = null;
  readonly decoder = null;
  readonly remoteAddress = 'memory';
  /** Called when this end is closed. */
  onClosed: () => void = ignore;
  private peer: MemoryTransport | undefined;
  private inbox: Item[] = [];
  private isOpen = true;
  private isPaused = false;
  private isDelivering = false;

  private constructor(private readonly limits: Limits) {}

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

  send(text: string): void {
    if (this.isOpen) this.peer?.arrive({ text });
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
    this.isPaused = false;
    this.schedule();
    this.peer?.arrive({ error: undefined });
  }

  private arrive(item: Item): void {
    this.inbox.push(item);
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
      if (!item) return;
      if ('error' in item) this.closed(item.error);
      else this.receive(item.text);
    }
  }

  private receive(text: string): void {
    if (!this.isOpen) return;
    if (text.length > this.limits.maxMessageBytes) {
      this.destroy(new ProtocolError(`Message of more than ${this.limits.maxMessageBytes} bytes`));
    } else this.receiver?.receiveMessage(text);
  }

  private closed(error: Error | undefined): void {
    this.isOpen = false;
    this.inbox = [];
    const { receiver } = this;
    this.receiver = null;
    receiver?.transportClosed(error);
    this.onClosed();
  }
}

function cutError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
}
