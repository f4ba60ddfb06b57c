import { keptCopy, type ArrivedMessage } from '../protocol/attached-message.js';
import type { MessageHead } from '../protocol/message-head.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';

/** How much is read while nothing is served, in bytes. Behind more than that, only a probe notices a lost transport. */
export const READ_AHEAD_BYTES = 256 * 1024;
/**
 * What a message that is held counts as besides its bytes: its copy and its entry take 270 bytes of the heap on Node 20, and
 * the memory of a copy of more than 64 bytes is apart. Why: a message of 7 bytes would be 40 times what it counted as.
 */
export const HELD_MESSAGE_BYTES = 320;
/** How often a transport that is not read is written to. Why: a system tells its end to writers only. */
const PROBE_EVERY_MS = 1000;

/** What the messages that were read ahead ask of their wire. */
export interface ReadAheadOwner {
  /** Tells what a message is without acting on it; undefined: it breaks the protocol, or its beginning does not tell. */
  peek(data: ArrivedMessage): MessageHead | undefined;
  /** Whether a message has to wait, so that nothing is served now. */
  mustWait(data: ArrivedMessage): boolean;
  /** Whether a message belongs to what is under way, and need not wait for what came before it. */
  mayOvertake(message: MessageHead, bytes: number): boolean;
  /**
   * Whether a message is acted on though the transport has ended. If not, neither is what follows: all of that counts as
   * not received, and a peer that comes back sends it again.
   */
  mayFinish(message: MessageHead, bytes: number): boolean;
  /** Whether a message of so many bytes has to wait for a later turn of the event loop. */
  isTurnOver(bytes: number): boolean;
  /** Calls {@link ReadAhead.turnCame} in a later turn. Only where {@link isTurnOver} has said so. */
  waitForTurn(held: ReadAhead): void;
  /** Acts on a message that was held. */
  receiveHeld(data: ArrivedMessage): void;
  /** Ends the transport: the peer broke the protocol. */
  fail(error: unknown): void;
  /** Stops or goes on taking bytes from the transport. */
  holdReading(hold: boolean): void;
  /** Writes a message that every peer ignores. */
  probe(): void;
}

/** A message that waits. */
interface Held {
  readonly data: ArrivedMessage;
  /** The number of a call; undefined: it is none. */
  readonly callId: number | undefined;
  /** The number of the call that a credit, a cancel or a value of its arguments is for. */
  readonly ofCall: number | undefined;
  isServed: boolean;
}

/**
 * What a peer sends while it is not served, because too much is under way. Reading goes on for a while, so that the end
 * of the transport, pongs, and messages that calls under way wait for are not missed.
 */
export class ReadAhead implements Expirable {
  private held: Held[] = [];
  /** What the messages count as that are held: their bytes, and {@link HELD_MESSAGE_BYTES} for each. */
  heldBytes = 0;
  /** How many credits, cancels and values of arguments are held, by the number of their call. */
  private behindCalls = new Map<number, number>();
  private hasBye = false;
  private isServing = false;
  /** Whether {@link release} goes on in a later turn. */
  private waitsForTurn = false;
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
  add(data: ArrivedMessage): boolean {
    if (this.isServing) return false;
    const message = this.owner.peek(data);
    // What waits for its turn alone goes on soon, and in its order.
    const mayOvertake = this.isHolding && message && !this.isBehindItsKind(message);
    if (mayOvertake && this.owner.mayOvertake(message, data.length)) return false;
    // A pong says that all before the ping was received: true as long as nothing is held.
    if (message?.kind === 'ping' && this.held.length === 0) return false;
    if (message?.kind === 'bye') this.hasBye = true;
    this.keep(data, message);
    if (this.heldBytes > this.maxBytes) this.owner.fail(new ProtocolError('Too much sent at once'));
    else if (this.heldBytes >= READ_AHEAD_BYTES) this.stop();
    return true;
  }

  /** Whether values of the same call are held before a value. Why: they must come in their order. */
  private isBehindItsKind(message: MessageHead): boolean {
    return isSourceValue(message) && this.behindCalls.has(message.callId ?? NaN);
  }

  private keep(data: ArrivedMessage, message: MessageHead | undefined): void {
    const callId = message?.kind === 'call' ? message.id : undefined;
    const ofCall = message && belongsToCall(message) ? message.callId : undefined;
    // A copy. Why: the transport uses the bytes again.
    const copy = keptCopy(data);
    this.held.push({ data: copy, callId, ofCall, isServed: false });
    this.heldBytes += data.length + HELD_MESSAGE_BYTES;
    if (ofCall !== undefined) this.behindCalls.set(ofCall, (this.behindCalls.get(ofCall) ?? 0) + 1);
  }

  /** Nothing more is served. */
  hold(): void {
    this.isHolding = true;
  }

  /** Serves what is held until {@link hold} is called again. @returns whether nothing is left */
  release(): boolean {
    this.isHolding = false;
    if (this.isServing || this.waitsForTurn || this.isFinishing) return false;
    this.waitsForTurn = !this.serve(({ data }) => !this.isHolding && !this.owner.mustWait(data));
    if (this.waitsForTurn) this.owner.waitForTurn(this);
    if (this.held.length > 0) {
      if (this.heldBytes < READ_AHEAD_BYTES) this.goOn();
      return false;
    }
    return !this.isHolding;
  }

  /**
   * Serves what may overtake the rest now, before more of its kind comes.
   * @param ofCall only what belongs to this call; undefined: all
   */
  letOvertake(ofCall?: number): void {
    if (this.isServing || (ofCall !== undefined && !this.behindCalls.has(ofCall))) return;
    const { held } = this;
    // The calls whose values stay: later ones must not come before these.
    const waiting = new Set<number | undefined>();
    this.serving(() => {
      for (const one of held) {
        if (held !== this.held) return;
        if (one.isServed || (ofCall !== undefined && one.ofCall !== ofCall)) continue;
        const message = this.owner.peek(one.data);
        if (!message) continue;
        const isValue = isSourceValue(message);
        if (!(isValue && waiting.has(message.callId)) && this.owner.mayOvertake(message, one.data.length))
          this.serveOne(one);
        else if (isValue) waiting.add(message.callId);
      }
    });
    this.held = this.held.filter(({ isServed }) => !isServed);
    if (this.heldBytes < READ_AHEAD_BYTES) this.goOn();
  }

  /** The turn has come that {@link release} waits for. @returns whether it may go on */
  turnCame(): boolean {
    this.waitsForTurn = false;
    return !this.isHolding && !this.isFinishing;
  }

  /**
   * Serves what is held at the end of the transport, as nothing follows it; after a bye, nobody sends it again.
   * @returns whether that is done; else it goes on with a call in a later turn
   */
  finish(): boolean {
    this.isFinishing = true;
    if (this.isServing) return true;
    const isDone = this.serve(({ data }) => {
      const message = this.hasBye ? undefined : this.owner.peek(data);
      return !message || this.owner.mayFinish(message, data.length);
    });
    if (isDone) this.drop();
    return isDone;
  }

  /** Drops what is held. */
  drop(): void {
    this.held = [];
    this.heldBytes = 0;
    this.behindCalls.clear();
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

  /** Serves as far as it may. @returns false: the rest has to wait for a later turn */
  private serve(mayServe: (one: Held) => boolean): boolean {
    const { held } = this;
    let count = 0;
    let isTurnOver = false;
    this.serving(() => {
      // Until the end, or until all is dropped.
      while (held === this.held && count < held.length) {
        const one = held[count];
        if (!one.isServed) {
          if (!mayServe(one)) break;
          isTurnOver = count > 0 && this.owner.isTurnOver(one.data.length);
          if (isTurnOver) break;
        }
        count += 1;
        if (!one.isServed) this.serveOne(one);
      }
    });
    held.splice(0, count);
    return !isTurnOver;
  }

  private serveOne(one: Held): void {
    const { data, callId, ofCall } = one;
    one.isServed = true;
    this.heldBytes -= data.length + HELD_MESSAGE_BYTES;
    if (ofCall !== undefined) this.countServed(ofCall);
    this.owner.receiveHeld(data);
    if (callId !== undefined) this.serveBehind(callId);
  }

  /**
   * Serves the credits and cancels of a call that has begun. Why: later ones overtake what is held, and so would them; and
   * the call may need them to end, for which what is held waits.
   */
  private serveBehind(callId: number): void {
    for (const one of this.behindCalls.has(callId) ? this.held : []) {
      if (!one.isServed && one.ofCall === callId) this.serveOne(one);
      // All are, or all that is held was dropped.
      if (!this.behindCalls.has(callId)) return;
    }
  }

  private countServed(callId: number): void {
    const left = (this.behindCalls.get(callId) ?? 0) - 1;
    if (left > 0) this.behindCalls.set(callId, left);
    else this.behindCalls.delete(callId);
  }

  private serving(serve: () => void): void {
    this.isServing = true;
    try {
      serve();
    } finally {
      this.isServing = false;
    }
  }
}

/** Whether a message is a value of an argument, or the end of one. */
function isSourceValue({ kind }: MessageHead): boolean {
  return kind === 'sourceItem' || kind === 'sourceEnd';
}

/** Whether a message belongs to a call of the peer, which may be held itself. */
function belongsToCall(message: MessageHead): boolean {
  return message.kind === 'streamCredit' || message.kind === 'cancel' || isSourceValue(message);
}
