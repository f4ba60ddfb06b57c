import type { JournalMeter } from './journal-meter.js';

/** A message that was sent and is not known to have arrived. */
export interface JournalEntry {
  /**
   * Its number, without the sign that tells the side. What has no number of its own (an answer, a stream
   * value, a cancel) has the place behind the last number: half a step more.
   */
  readonly id: number;
  /** Its text, as it goes out again. */
  readonly text: string;
}

// A message that the peer cuts its line for goes out at each resume again. No network is so bad that it takes
// so many resumes to bring one message over.
const MAX_FUTILE_REPLAYS = 10;

// A message below this arrives with the first bytes of a new line: it is not what lines are cut for.
const SUSPECT_FROM_LENGTH = 16 * 1024;

/** What is known of the last cut. */
interface Cut {
  /** The last message that was written before it. */
  end: JournalEntry;
  /** The message that the cut before was at. */
  suspect: JournalEntry | undefined;
}

// Below this, a freed front of the array is cheaper left alone than moved.
const COMPACT_FROM = 256;

// In the place of an entry that was freed: its text may be large, and must not wait for the front to be moved.
const FREED: JournalEntry = { id: 0, text: '' };

// What lies between two numbers. Exact up to 2^52, which no session reaches.
const BEHIND = 0.5;

/**
 * What one side has sent and the other has not acknowledged, in order, to be sent again after a cut
 * (PROTOCOL.md 4 and 5): the numbered messages and, where `resume` is agreed, the answers between them.
 * Numbers count from 1; the handshake's 0 is never in here.
 */
export class Journal {
  private entries: JournalEntry[] = [];
  private head = 0;
  private bytesHeld = 0;
  private last = 0;
  private acknowledgedUpTo = 0;
  private replays = 0;
  private isGivenUp = false;
  private cut: Cut | undefined;
  private meter: JournalMeter | undefined;

  /** The number of the newest message, 0 before the first. */
  get lastId(): number {
    return this.last;
  }

  /** Everything up to this number is known to have arrived. */
  get acknowledged(): number {
    return this.acknowledgedUpTo;
  }

  /** How many messages are held, numbered or not. */
  get size(): number {
    return this.entries.length - this.head;
  }

  /** The length of the texts held, in UTF-16 units (bytes, for ASCII). */
  get bytes(): number {
    return this.bytesHeld;
  }

  /** From now on what is held counts there, and no longer where it counted before. */
  countIn(meter: JournalMeter | undefined): void {
    if (meter === this.meter) return;
    this.meter?.add(-this.bytesHeld);
    this.meter = meter;
    meter?.add(this.bytesHeld);
  }

  /** Holds the message with the next number, `lastId + 1`. */
  append(text: string): void {
    this.last += 1;
    this.hold(this.last, text);
  }

  /** Holds a message that has no number: it has arrived when a later numbered one has. */
  appendUnnumbered(text: string): void {
    this.hold(this.last + BEHIND, text);
  }

  /**
   * Frees what has arrived: the numbered message, and everything before it, as bytes keep their order. Only
   * ever grows; a number beyond the last one sent is ignored.
   */
  acknowledge(id: number): void {
    if (id <= this.acknowledgedUpTo || id > this.last) return;
    this.acknowledgedUpTo = id;
    this.replays = 0;
    if (this.cut !== undefined && (this.cut.suspect ?? this.cut.end).id <= id) this.cut = undefined;
    const { entries } = this;
    let freed = 0;
    while (this.head < entries.length && entries[this.head].id <= id) {
      freed += entries[this.head].text.length;
      entries[this.head] = FREED;
      this.head += 1;
    }
    this.changeBytes(-freed);
    this.compact();
  }

  /** What is held goes out once more. */
  noteReplay(): void {
    if (this.size > 0) this.replays += 1;
  }

  /** The line was cut: all that is held had been written. */
  noteCut(): void {
    if (this.size === 0) return;
    const end = this.entries[this.entries.length - 1];
    if (this.cut) this.cut.end = end;
    else this.cut = { end, suspect: undefined };
  }

  /**
   * The message that the line was cut at for the second time, as it seems; to be asked once after each cut, when what
   * has arrived is acknowledged. A peer that cuts lines for a message has received all before it: it is the next one, or of
   * those without a number before that the longest.
   */
  takeSuspect(): JournalEntry | undefined {
    const { cut } = this;
    if (cut === undefined) return undefined;
    let suspect: JournalEntry | undefined;
    for (const entry of this) {
      if (entry.text.length >= (suspect?.text.length ?? SUSPECT_FROM_LENGTH)) suspect = entry;
      if (entry === cut.end || Number.isInteger(entry.id)) break;
    }
    const isSecond = suspect !== undefined && suspect === cut.suspect;
    cut.suspect = isSecond ? undefined : suspect;
    return isSecond ? suspect : undefined;
  }

  /** Puts another text in the place of one that cannot be sent. */
  replace(entry: JournalEntry, text: string): void {
    const index = this.entries.indexOf(entry, this.head);
    if (index === -1) return;
    this.entries[index] = { id: entry.id, text };
    this.changeBytes(text.length - entry.text.length);
    if (this.cut?.end === entry) this.cut.end = this.entries[index];
  }

  /** Whether a peer that says it has received `count` can be served: nothing freed is missing, nothing unsent is
   * claimed, and what is held is not lost on it. */
  covers(count: number): boolean {
    return (
      !this.isGivenUp &&
      Number.isInteger(count) &&
      count >= this.acknowledgedUpTo &&
      count <= this.last &&
      !this.isHopeless(count)
    );
  }

  /** The messages held, oldest first. */
  *[Symbol.iterator](): Generator<JournalEntry> {
    for (let index = this.head; index < this.entries.length; index++) yield this.entries[index];
  }

  /** Frees everything: nobody can be served from here any more. */
  giveUp(): void {
    this.isGivenUp = true;
    this.entries = [];
    this.head = 0;
    this.changeBytes(-this.bytesHeld);
    this.cut = undefined;
  }

  /** Puts back what {@link Session.toString} wrote. */
  restore(lastId: number, acknowledged: number, entries: readonly JournalEntry[]): void {
    this.last = lastId;
    this.acknowledgedUpTo = acknowledged;
    this.entries = [...entries];
    this.head = 0;
    this.changeBytes(entries.reduce((sum, entry) => sum + entry.text.length, 0) - this.bytesHeld);
  }

  private hold(id: number, text: string): void {
    this.entries.push({ id, text });
    this.changeBytes(text.length);
  }

  private changeBytes(difference: number): void {
    this.bytesHeld += difference;
    if (this.meter !== undefined) this.meter.add(difference);
  }

  /** Whether what is held has gone out so often, without anything of it arriving, that it never will. */
  private isHopeless(count: number): boolean {
    return this.replays >= MAX_FUTILE_REPLAYS && count === this.acknowledgedUpTo;
  }

  private compact(): void {
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
    } else if (this.head >= COMPACT_FROM && this.head * 2 >= this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
  }
}
