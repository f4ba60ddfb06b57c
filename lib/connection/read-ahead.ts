import type { Message } from '../protocol/message.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';

/** How much is read while nothing is served, in bytes. Behind more than that, only a probe notices a lost transport. */
const READ_AHEAD_BYTES = 256 * 1024;
/** How often a transport that is not read is written to. Why: a system tells its end to writers only. */
const PROBE_EVERY_MS = 1000;

/** What the messages that were read ahead ask of their wire. */
export interface ReadAheadOwner {
  /** Reads a message without acting on it; undefined: it breaks the protocol. */
  peek(data: Uint8Array | string): Message | undefined;
  /** Whether a message belongs to what is under way, and need not wait for what came before it. */
  mayOvertake(message: Message): boolean;
  /**
   * Whether a message is acted on though the transport has ended. If not, neither is what follows: all of that counts as
   * not received, and a peer that comes back sends it again.
   */
  mayFinish(message: Message): boolean;
  /** Acts on a message. */
  receiveMessage(data: Uint8Array | string): void;
  /** Ends the transport: the peer broke the protocol. */
  fail(error: unknown): void;
  /** Stops or goes on taking bytes from the transport. */
  holdReading(hold: boolean): void;
  /** Writes a message that every peer ignores. */
  probe(): void;
}

/**
 * What a peer sends while it is not served, because too much is under way. Reading goes on for a while, so that the end
 * of the transport, pongs, and messages that calls under way wait for are not missed.
 */
export class ReadAhead implements Expirable {
  private held: (Uint8Array | string)[] = [];
  private heldBytes = 0;
  private hasBye = false;
  private isServing = false;
  /** Whether {@link finish} was called. */
  isFinishing = false;
  private isHolding = true;
  private isStopped = false;

  /**
   * @param owner the wire on which the messages come
   * @param maxBytes ends the transport above this: no honest peer can have so much on its way
   */
  constructor(
    private readonly owner: ReadAheadOwner,
    private readonly maxBytes: number,
  ) {}

  /** Whether so much is held that the peer is not heard any more. */
  get isDeaf(): boolean {
    return this.isStopped;
  }

  /** Adds a message; false: it is to be served now. */
  add(data: Uint8Array | string): boolean {
    if (this.isServing) return false;
    const message = this.owner.peek(data);
    if (message && this.owner.mayOvertake(message)) return false;
    // A pong says that all before the ping was received: true as long as nothing is held.
    if (message?.kind === 'ping' && this.held.length === 0) return false;
    if (message?.kind === 'bye') this.hasBye = true;
    // A copy. Why: the transport uses the bytes again.
    this.held.push(typeof data === 'string' ? data : new Uint8Array(data));
    this.heldBytes += data.length;
    if (this.heldBytes > this.maxBytes) this.owner.fail(new ProtocolError('Too much sent at once'));
    else if (this.heldBytes >= READ_AHEAD_BYTES) this.stop();
    return true;
  }

  /** Nothing more is served. */
  hold(): void {
    this.isHolding = true;
  }

  /** Serves what is held until {@link hold} is called again. @returns whether nothing is left */
  release(): boolean {
    this.isHolding = false;
    if (this.isServing) return false;
    this.serve(() => !this.isHolding);
    if (this.held.length > 0) {
      if (this.heldBytes < READ_AHEAD_BYTES) this.goOn();
      return false;
    }
    return !this.isHolding;
  }

  /** Serves what is held at the end of the transport, as nothing follows it; after a bye, nobody sends it again. */
  finish(): void {
    this.isFinishing = true;
    if (this.isServing) return;
    this.serve((data) => {
      const message = this.hasBye ? undefined : this.owner.peek(data);
      return !message || this.owner.mayFinish(message);
    });
    this.drop();
  }

  /** Drops what is held. */
  drop(): void {
    this.held = [];
    this.heldBytes = 0;
    sharedDeadlines(PROBE_EVERY_MS).delete(this);
  }

  /** Reads the transport again. */
  goOn(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    sharedDeadlines(PROBE_EVERY_MS).delete(this);
    this.owner.holdReading(false);
  }

  /** Sends a probe: its time has come. */
  expire(): void {
    sharedDeadlines(PROBE_EVERY_MS).add(this);
    this.owner.probe();
  }

  private stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.owner.holdReading(true);
    sharedDeadlines(PROBE_EVERY_MS).add(this);
  }

  private serve(mayServe: (data: Uint8Array | string) => boolean): void {
    this.isServing = true;
    let count = 0;
    try {
      while (count < this.held.length) {
        const data = this.held[count];
        if (!mayServe(data)) break;
        count += 1;
        this.heldBytes -= data.length;
        this.owner.receiveMessage(data);
      }
    } finally {
      this.isServing = false;
      this.held.splice(0, count);
    }
  }
}
