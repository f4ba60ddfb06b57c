import type { IncomingCall, OutgoingStream } from '../../application/incoming-call.js';
import type { WrittenMessage } from '../../protocol/attached-message.js';
import { ERR_STREAM_OVERFLOW } from '../../protocol/error-codes.js';
import { renumberItem } from '../../protocol/format-message.js';
import type { Limits } from '../../protocol/limits.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ignore } from '../../util/callback.js';
import { afterPoll } from '../../util/host.js';
import { sharedSlice } from '../../util/time-slice.js';
import { HELD_VALUE_BYTES } from './held-values.js';
import { INITIAL_STREAM_CREDIT } from './stream-credit.js';

/** After how many values a stream asks whether the time of the turn is over. */
const CLOCK_EVERY = 64;

/** The call whose answer, or whose argument, the stream is. */
export interface StreamedCall extends Pick<IncomingCall, 'succeed' | 'fail' | 'isOpen'> {
  /** The message of the n-th value. */
  formatItem(n: number, value: unknown): WrittenMessage;
  /** The source of the values has come to its end. */
  handlerDone(): void;
  /** Fails with a code, and tells the source to stop. */
  endWith(code: number): void;
  /** @throws JstpError for a message that the caller does not take */
  checkSize(message: WrittenMessage): void;
  /** The message of a value was sent. */
  sent(message: WrittenMessage): void;
}

/** What sends the values of a connection's streams, and counts those that wait. */
export interface StreamKeeper {
  /** Sends a value's message; false: there is no room now. */
  sendItem(message: WrittenMessage): boolean;
  /** A stream waits for room, or does so no longer. */
  heldUp(stream: StreamSender, isHeldUp: boolean): void;
  /** Counts so much more of what streams hold; a negative number takes off it. */
  countHeld(length: number): void;
  /** A stream that is an argument of a call of this side has begun. */
  argumentBegun(stream: StreamSender): void;
  /** It is over. */
  argumentOver(stream: StreamSender): void;
  /** Fails streams where those of all clients hold too much: it may be the one that asks. */
  makeRoom(): void;
}

/** The values of one call on their way to a caller that gives credit (docs/protocol.md). */
export class StreamSender implements OutgoingStream {
  /** The number of the last value made. */
  private made = 0;
  /** The number of the last value sent. */
  private sent = 0;
  /** Up to which value may be sent before the rest of the program gets a turn, however large the credit is. */
  private turnLimit: number;
  private isTurnDue = false;
  /** Messages of the values between `sent` and `made`. */
  private held: WrittenMessage[] = [];
  private heldBytes = 0;
  /** What is counted of these: with what each takes of memory besides its message. */
  private countedBytes = 0;
  /** Answers the call, when all values are sent; undefined until the source has ended. */
  private ending: (() => void) | undefined;
  private waiting: ((open: boolean) => void)[] = [];
  /** Whether values wait that the caller would take, but the journal has no room for. */
  isHeldUp = false;

  /** @param limit up to which value may be sent before there is a grant */
  constructor(
    private readonly call: StreamedCall,
    private readonly limits: Pick<Limits, 'maxStreamBufferItems' | 'maxStreamBufferBytes'>,
    private keeper: StreamKeeper,
    private limit = INITIAL_STREAM_CREDIT,
  ) {
    this.turnLimit = this.perTurn;
  }

  write(value: unknown): boolean {
    if (this.isOver) return false;
    // At once. Why: the source may change the value later.
    const message = this.messageOf(value);
    if (message === undefined) return false;
    this.call.checkSize(message);
    this.made += 1;
    this.held.push(message);
    this.heldBytes += message.length;
    this.flush();
    this.checkHeld();
    return this.hasCredit && (this.made % CLOCK_EVERY !== 0 || !sharedSlice.isOver());
  }

  /** The message of the next value. What a `toJSON` of it writes comes before it; undefined where that ends the stream. */
  private messageOf(value: unknown): WrittenMessage | undefined {
    const n = this.made + 1;
    const message = this.call.formatItem(n, value);
    if (this.isOver) return undefined;
    return n > this.made ? message : renumberItem(message, this.made + 1);
  }

  async ready(): Promise<boolean> {
    if (this.isOver) return false;
    if (!this.hasCredit) {
      const isOpen = await new Promise<boolean>((resolve) => this.waiting.push(resolve));
      // Again. Why: what has made room may have woken many streams, which would all write in this turn.
      return isOpen && this.ready();
    }
    return sharedSlice.pause()?.then(() => this.ready()) ?? true;
  }

  end(): void {
    this.finish(() => {
      this.call.succeed([]);
    });
  }

  fail(error: unknown): void {
    this.finish(() => {
      this.call.fail(error);
    });
  }

  /** The caller allows values up to this number; the newest grant counts. */
  grant(limit: number): void {
    this.limit = limit;
    this.flush();
  }

  /** Sends what may be sent by now. */
  flush(): void {
    this.sendHeld();
    this.countHeld();
    if (this.hasCredit) this.wake(true);
    if (this.held.length === 0 && this.ending && this.call.isOpen) this.ending();
  }

  /** The connection of another keeper has its call by now. */
  moveTo(keeper: StreamKeeper): void {
    const { countedBytes } = this;
    this.holdUp(false);
    this.keeper.countHeld(-countedBytes);
    this.keeper = keeper;
    keeper.countHeld(countedBytes);
    this.flush();
  }

  /** The number of the last value that was sent. */
  get sentCount(): number {
    return this.sent;
  }

  /** Sends nothing more, and ends the waits for credit: the call is over. */
  close(): void {
    this.ending ??= ignore;
    this.drop();
    this.wake(false);
  }

  /** Fails the call, if values wait: the streams of all clients hold too much. */
  dropHeld(): void {
    if (this.held.length === 0) return;
    this.drop();
    this.call.endWith(ERR_STREAM_OVERFLOW);
  }

  /** Whether its source has not come to an end. */
  get isEndless(): boolean {
    return this.ending === undefined;
  }

  private get isOver(): boolean {
    return this.ending !== undefined || !this.call.isOpen;
  }

  private get hasCredit(): boolean {
    return this.made < this.allowed && !this.isHeldUp;
  }

  private get allowed(): number {
    return Math.min(this.limit, this.turnLimit);
  }

  private finish(ending: () => void): void {
    this.call.handlerDone();
    if (this.isOver) return;
    this.ending = ending;
    this.flush();
  }

  private sendHeld(): void {
    const { held } = this;
    const allowed = Math.min(held.length, this.allowed - this.sent);
    let count = 0;
    while (count < allowed && this.keeper.sendItem(held[count])) {
      this.call.sent(held[count]);
      this.heldBytes -= held[count].length;
      count += 1;
    }
    this.holdUp(count < allowed);
    this.sent += count;
    if (count > 0) held.splice(0, count);
    if (this.sent >= this.turnLimit && this.limit > this.turnLimit) this.giveTurn();
  }

  private get perTurn(): number {
    return Math.max(this.limits.maxStreamBufferItems, INITIAL_STREAM_CREDIT);
  }

  private giveTurn(): void {
    if (this.isTurnDue) return;
    this.isTurnDue = true;
    afterPoll(() => {
      this.isTurnDue = false;
      this.turnLimit = this.sent + this.perTurn;
      this.flush();
    });
  }

  private checkHeld(): void {
    const { maxStreamBufferItems, maxStreamBufferBytes } = this.limits;
    if (this.held.length > maxStreamBufferItems || this.heldBytes > maxStreamBufferBytes) {
      const overflow = new RemoteError(ERR_STREAM_OVERFLOW);
      this.drop();
      this.call.fail(overflow);
      throw overflow;
    }
    if (this.held.length === 0) return;
    this.keeper.makeRoom();
    if (this.held.length === 0) throw new RemoteError(ERR_STREAM_OVERFLOW);
  }

  private drop(): void {
    this.held = [];
    this.heldBytes = 0;
    this.countHeld();
    this.holdUp(false);
  }

  private holdUp(isHeldUp: boolean): void {
    if (isHeldUp === this.isHeldUp) return;
    this.isHeldUp = isHeldUp;
    this.keeper.heldUp(this, isHeldUp);
  }

  private countHeld(): void {
    const bytes = this.heldBytes + this.held.length * HELD_VALUE_BYTES;
    const more = bytes - this.countedBytes;
    if (more === 0) return;
    this.countedBytes = bytes;
    this.keeper.countHeld(more);
  }

  private wake(open: boolean): void {
    const { waiting } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    for (const resolve of waiting) resolve(open);
  }
}
