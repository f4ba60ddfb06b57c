import type { Message } from '../protocol/message.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';

/** So much is read while nothing is served. The end of a line behind more of it is seen by a probe alone. */
const READ_AHEAD_BYTES = 256 * 1024;
/** How often a line that is not read is written to: a system tells the end of such a line to writers only. */
const PROBE_EVERY_MS = 1000;

/** What a connection lends to what it has read ahead. */
export interface ReadAheadLink {
  /** Whether the peer sends again, on its next link, what was not counted. */
  readonly keepsAnswers: boolean;
  /** Reads a message without acting on it; undefined: it breaks the protocol. */
  peek(data: Uint8Array | string): Message | undefined;
  /** Whether a message belongs to what is under way, and need not wait for what came before it. */
  mayOvertake(message: Message): boolean;
  /** Acts on a message. */
  receiveMessage(data: Uint8Array | string): void;
  /** Ends the link: the peer broke the protocol. */
  failProtocol(error: unknown): void;
  /** Stops or goes on taking bytes from the transport. */
  holdReading(hold: boolean): void;
  /** Writes something that every peer ignores. */
  probe(): void;
}

/**
 * What a peer sends while it is not served, because too much is under way. Reading goes on for a while, so that
 * the end of the line, pongs, and what calls under way wait for are not missed.
 */
export class ReadAhead implements Expirable {
  private held: (Uint8Array | string)[] = [];
  private heldBytes = 0;
  private hasBye = false;
  private isServing = false;
  private isHolding = true;
  private isStopped = false;

  /**
   * @param link the connection
   * @param maxBytes more is more than an honest peer can have on its way
   */
  constructor(
    private readonly link: ReadAheadLink,
    private readonly maxBytes: number,
  ) {}

  /** Whether so much is held that the peer is not heard any more. */
  get isDeaf(): boolean {
    return this.isStopped;
  }

  /** Takes a message; false: it is to be served now. */
  take(data: Uint8Array | string): boolean {
    if (this.isServing) return false;
    const message = this.link.peek(data);
    if (message && this.link.mayOvertake(message)) return false;
    // Its pong says that all before it was received: true as long as nothing before it waits.
    if (message?.kind === 'ping' && this.held.length === 0) return false;
    if (message?.kind === 'bye') this.hasBye = true;
    // A transport uses the bytes again.
    this.held.push(typeof data === 'string' ? data : new Uint8Array(data));
    this.heldBytes += data.length;
    if (this.heldBytes > this.maxBytes) this.link.failProtocol(new ProtocolError('Too much sent at once'));
    else if (this.heldBytes >= READ_AHEAD_BYTES) this.stop();
    return true;
  }

  /** Nothing more is served. */
  hold(): void {
    this.isHolding = true;
  }

  /** Serves what is held until {@link hold} is called again; answers whether nothing is left. */
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

  /**
   * The line has ended. What is held is served, however much is under way: nothing follows it. But a peer that will
   * come back sends again what is not served: its calls wait for that.
   */
  finish(): void {
    if (this.isServing) return;
    const isAll = !this.link.keepsAnswers || this.hasBye;
    this.serve((data) => isAll || this.link.peek(data)?.kind !== 'call');
    this.drop();
  }

  /** Forgets what is held. */
  drop(): void {
    this.held = [];
    this.heldBytes = 0;
    sharedDeadlines(PROBE_EVERY_MS).delete(this);
  }

  /** The transport is read again. */
  goOn(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    sharedDeadlines(PROBE_EVERY_MS).delete(this);
    this.link.holdReading(false);
  }

  /** Time for a probe. */
  expire(): void {
    sharedDeadlines(PROBE_EVERY_MS).add(this);
    this.link.probe();
  }

  private stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.link.holdReading(true);
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
        this.link.receiveMessage(data);
      }
    } finally {
      this.isServing = false;
      this.held.splice(0, count);
    }
  }
}
