import type { WrittenMessage } from '../protocol/attached-message.js';
import type { JournalCounter } from './journal-meter.js';

/** A message that was sent and is not known to have arrived. */
export interface JournalEntry {
  /**
   * The message's number, without the sign that tells the side. A message without a number of its own (an answer, a
   * stream value, a cancel) has that of the last numbered message and a half.
   */
  readonly id: number;
  /** The message, as it is sent again. */
  readonly message: WrittenMessage;
}

/**
 * What a message in a journal takes of memory beside its characters: the entry, its place in the array, and the header of
 * the string. Measured with V8: 86 or 115 bytes for texts of 29 characters, as it boxes the number or not.
 */
export const ENTRY_BYTES = 116;

// After how many replays without any acknowledgement the journal counts as hopeless. Why: a message for which the peer
// cuts its transport is sent again at each resume, and no network is so bad that one message needs that many resumes.
const MAX_FUTILE_REPLAYS = 10;

// Shorter messages are never suspects. Why: they arrive with the first bytes of a new transport, before it can be cut.
const SUSPECT_FROM_LENGTH = 16 * 1024;

/** What is known about the last loss of a transport. */
interface Cut {
  /** The last message that was written before the transport was lost. */
  end: JournalEntry;
  /** The message at which the transport before that was lost. */
  suspect: JournalEntry | undefined;
}

// How many places of changed messages are remembered.
const MAX_REWRITTEN = 16;

// How many freed entries at the front of the array are left there. Why: moving the others would cost more.
const COMPACT_FROM = 256;

// Stands in the place of a freed entry. Why: a large text must not wait until the front of the array is moved.
const FREED: JournalEntry = { id: 0, message: '' };

// What the id of a message without a number has more than the last number. Exact up to 2^52, which no session reaches.
const BEHIND = 0.5;

/**
 * Holds what one side has sent and the other has not acknowledged, in the order of sending, so that it can be sent
 * again after a cut: the numbered messages and, where `resume` is agreed, the answers between them. Numbers count
 * from 1; the handshake's 0 is never in here.
 */
export class Journal {
  private entries: JournalEntry[] = [];
  private head = 0;
  /** How many messages have left the array. */
  private gone = 0;
  private bytesHeld = 0;
  private last = 0;
  private acknowledgedUpTo = 0;
  private replays = 0;
  private isGivenUp = false;
  private rewriteCount = 0;
  private rewritten: number[] = [];
  private cut: Cut | undefined;
  private counter: JournalCounter | undefined;

  /** The number of the newest numbered message; 0 before the first. */
  get lastId(): number {
    return this.last;
  }

  /** The number up to which everything is known to have arrived. */
  get acknowledged(): number {
    return this.acknowledgedUpTo;
  }

  /** How often a message that is held was changed, see {@link rewrittenSince}. */
  get rewrites(): number {
    return this.rewriteCount;
  }

  /**
   * The places of messages that were changed, the last one last.
   * @param since {@link rewrites} at an earlier time
   * @returns undefined where there were too many since
   */
  rewrittenSince(since: number): readonly number[] | undefined {
    const count = this.rewriteCount - since;
    if (count > this.rewritten.length) return undefined;
    return this.rewritten.slice(this.rewritten.length - count);
  }

  /** How many messages are held, numbered or not. */
  get size(): number {
    return this.entries.length - this.head;
  }

  /** The place of the oldest message held. Places count from 0, with all messages that were ever held. */
  get start(): number {
    return this.gone + this.head;
  }

  /** The place of the next message that is appended. */
  get end(): number {
    return this.gone + this.entries.length;
  }

  /** The message at a place, from {@link start} to before {@link end}. */
  at(place: number): JournalEntry {
    return this.entries[place - this.gone];
  }

  /** What is held counts as: the length of the messages (of texts in UTF-16 units), and {@link ENTRY_BYTES} for each of them. */
  get bytes(): number {
    return this.bytesHeld;
  }

  /** The length of the messages held, in UTF-16 units (bytes, for ASCII). */
  get textLength(): number {
    return this.bytesHeld - this.size * ENTRY_BYTES;
  }

  /** Whether others have so much that nothing new may be held here; answers of calls under way still may. */
  get isShut(): boolean {
    return this.counter?.isFull === true;
  }

  /** Whether others have so much that not even answers may be held here. */
  get isOverflowing(): boolean {
    return this.counter?.isOverflowing === true;
  }

  /** Counts what is held by another counter from now on, and no longer by the one before; undefined: by none. */
  countIn(counter: JournalCounter | undefined): void {
    if (counter === this.counter) return;
    this.counter?.add(-this.bytesHeld);
    this.counter = counter;
    counter?.add(this.bytesHeld);
  }

  /** Appends the message with the next number, `lastId + 1`. */
  append(message: WrittenMessage): void {
    this.last += 1;
    this.hold(this.last, message);
  }

  /** Appends a message that has no number. It counts as arrived when a later numbered message has arrived. */
  appendUnnumbered(message: WrittenMessage): void {
    this.hold(this.last + BEHIND, message);
  }

  /**
   * Frees the message of a number and everything before it, as messages arrive in the order of sending. Ignores a
   * number that was acknowledged already, or that was never sent.
   */
  acknowledge(id: number): void {
    if (id <= this.acknowledgedUpTo || id > this.last) return;
    this.acknowledgedUpTo = id;
    this.replays = 0;
    if (this.cut !== undefined && (this.cut.suspect ?? this.cut.end).id <= id) this.cut = undefined;
    const { entries } = this;
    let freed = 0;
    while (this.head < entries.length && entries[this.head].id <= id) {
      const { message } = entries[this.head];
      freed += costOf(entries[this.head]);
      entries[this.head] = FREED;
      if (typeof message !== 'string') message.lease?.release();
      this.head += 1;
    }
    this.changeBytes(-freed);
    this.compact();
  }

  /** Notes that all that is held is sent again. */
  noteReplay(): void {
    if (this.size > 0) this.replays += 1;
  }

  /**
   * Notes that the transport was lost.
   * @param place the place behind the last message that was written. @default all that is held was written
   */
  noteCut(place = this.end): void {
    if (place <= this.start) return;
    const end = this.at(place - 1);
    if (this.cut) this.cut.end = end;
    else this.cut = { end, suspect: undefined };
  }

  /**
   * Returns the message at which, as it seems, the transport was lost for the second time. Call it once after each cut,
   * after what has arrived is acknowledged. Why this message: a peer that cuts its transport because of a message has
   * received all before it, so that the message is the first numbered one that is held, or the longest of those
   * without a number before that one.
   */
  takeSuspect(): JournalEntry | undefined {
    const { cut } = this;
    if (cut === undefined) return undefined;
    let suspect: JournalEntry | undefined;
    for (const entry of this) {
      if (entry.message.length >= (suspect?.message.length ?? SUSPECT_FROM_LENGTH)) suspect = entry;
      if (entry === cut.end || Number.isInteger(entry.id)) break;
    }
    const isSecond = suspect === cut.suspect;
    cut.suspect = isSecond ? undefined : suspect;
    return isSecond ? suspect : undefined;
  }

  /** The place of a message; undefined where it is not held. Searches all that is held. */
  placeOf(entry: JournalEntry): number | undefined {
    const index = this.entries.indexOf(entry, this.head);
    return index === -1 ? undefined : this.gone + index;
  }

  /** Replaces the message at a place, since it cannot be sent. Ignores a place that is not held any more. */
  replace(place: number, message: WrittenMessage): void {
    if (place < this.start || place >= this.end) return;
    const index = place - this.gone;
    const entry = this.entries[index];
    this.entries[index] = { id: entry.id, message };
    this.rewriteCount += 1;
    this.rewritten = [...this.rewritten.slice(1 - MAX_REWRITTEN), place];
    this.changeBytes(message.length - entry.message.length);
    if (this.cut?.end === entry) this.cut.end = this.entries[index];
  }

  /**
   * Whether a peer that has received `count` messages can go on: nothing that it lacks is freed, it claims nothing
   * that was never sent, and the replays are not hopeless.
   */
  covers(count: number): boolean {
    return (
      !this.isGivenUp &&
      Number.isInteger(count) &&
      count >= this.acknowledgedUpTo &&
      count <= this.last &&
      !this.isHopeless(count)
    );
  }

  /** Iterates over the messages held, the oldest first. */
  *[Symbol.iterator](): Generator<JournalEntry> {
    for (let index = this.head; index < this.entries.length; index++) yield this.entries[index];
  }

  /** Frees everything. No peer can go on from this journal any more. */
  giveUp(): void {
    this.isGivenUp = true;
    this.empty();
    this.changeBytes(-this.bytesHeld);
    this.cut = undefined;
  }

  /** Restores the state that {@link Session.toString} wrote. */
  restore(lastId: number, acknowledged: number, entries: readonly JournalEntry[]): void {
    this.last = lastId;
    this.acknowledgedUpTo = acknowledged;
    this.empty();
    this.entries = [...entries];
    this.changeBytes(entries.reduce((sum, entry) => sum + costOf(entry), 0) - this.bytesHeld);
  }

  private hold(id: number, message: WrittenMessage): void {
    if (typeof message !== 'string') message.lease?.hold();
    const entry = { id, message };
    this.entries.push(entry);
    this.changeBytes(costOf(entry));
  }

  private changeBytes(difference: number): void {
    this.bytesHeld += difference;
    if (this.counter !== undefined) this.counter.add(difference);
  }

  /** Whether what is held was sent again so often, without any of it arriving, that it never will arrive. */
  private isHopeless(count: number): boolean {
    return this.replays >= MAX_FUTILE_REPLAYS && count === this.acknowledgedUpTo;
  }

  private compact(): void {
    if (this.head === this.entries.length) this.empty();
    else if (this.head >= COMPACT_FROM && this.head * 2 >= this.entries.length) {
      this.entries.splice(0, this.head);
      this.gone += this.head;
      this.head = 0;
    }
  }

  private empty(): void {
    this.gone += this.entries.length;
    this.entries = [];
    this.head = 0;
  }
}

function costOf({ message }: JournalEntry): number {
  return message.length + ENTRY_BYTES;
}
