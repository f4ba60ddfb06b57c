import { formatSourceCancel, formatSourceCredit } from '../../protocol/format-message.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { ExtraReader } from './extra-value.js';
import { JstpStream } from './jstp-stream.js';
import { ValueQueue, type QueueFeed } from './value-queue.js';

/** How many values may be sent until it is known how large they are. */
const FIRST_CREDIT = 8;
/** How many bytes of values may be on their way, going by the largest that has come. One value always may. */
const AHEAD_BYTES = 1024 * 1024;

/** What the sources of received calls ask of the table that holds these. */
export interface SourceKeeper {
  /** The sender is to go on, or to stop: writes a text that the next resume repeats. */
  writeCredit(text: string): void;
  /** Sends a text that is kept until it has arrived. */
  sendKept(text: string): void;
  /** Counts the bytes of values that wait for their reader, or that it has; a negative number takes off it. */
  countWaiting(bytes: number): void;
  /** A reader waits for a value of an argument of this call. */
  readerWaits(callId: number): void;
  /** Counts one stream less. */
  streamClosed(): void;
}

/** The call that has a source. */
interface SourceCall {
  /** Its number, as the wire has it. */
  readonly id: number;
  /** Its handler has begun to read: it may take as long as the stream does. */
  readsStream(): void;
}

/** A stream that is an argument of a received call. */
export class ReceivedSource implements QueueFeed, ExtraReader {
  /** What the handler gets. */
  readonly stream: JstpStream;
  private readonly queue = new ValueQueue<unknown>(this);
  /** What each value counts as that waits, see `weightOfItem`; before these, the one that the reader has. */
  private weights: number[] = [];
  /** The number of the last value, or the end, that has come. */
  private last = 0;
  /** Up to which value the peer may send. */
  private limit = 0;
  private largest = 0;

  /**
   * @param place which argument it is
   * @param streamCredit how many values the peer may send beyond what was read
   */
  constructor(
    private readonly call: SourceCall,
    readonly place: number,
    private readonly streamCredit: number,
    private readonly keeper: SourceKeeper,
  ) {
    this.stream = new JstpStream(this.queue);
  }

  /** Whether its reader waits for a value. */
  get isAwaited(): boolean {
    return this.queue.isAwaited;
  }

  /**
   * Takes a value.
   * @param bytes what it counts as, see `weightOfItem`
   * @throws ProtocolError for one beyond the credit, or behind a gap
   */
  push(n: number, value: unknown, bytes: number): void {
    if (!this.isNext(n)) return;
    if (n > this.limit) throw new ProtocolError('source: a value beyond the credit', { kind: 'source' });
    if (this.queue.isClosed) return;
    this.largest = Math.max(this.largest, bytes);
    const { isAwaited } = this;
    this.queue.push(value);
    this.weights.push(bytes);
    if (isAwaited) this.allowMore();
    this.keeper.countWaiting(bytes);
  }

  /** Takes the end, or the error in its place. @throws ProtocolError for one behind a gap */
  finish(n: number, error: readonly unknown[] | undefined): void {
    if (!this.isNext(n) || this.queue.isClosed) return;
    if (error) this.queue.fail(RemoteError.fromJstpArray(error));
    else this.queue.end();
    this.keeper.streamClosed();
  }

  /** Ends it: its call is over. */
  close(reason: RemoteError): void {
    const isNews = !this.queue.isClosed;
    this.queue.abort(reason);
    // Behind its end. Why: with room for them, values are served that were held, and must not count.
    this.dropWaiting();
    if (isNews) this.keeper.streamClosed();
  }

  /** Tells the peer again how far it may go, after a resume. */
  repeatCredit(): void {
    if (this.limit > 0 && !this.queue.isClosed) this.writeCredit();
  }

  get holdsValue(): boolean {
    return this.weights.length > this.queue.size;
  }

  sawEnd(): void {
    this.dropWaiting();
  }

  asked(hasTaken: boolean): void {
    if (this.limit === 0) this.call.readsStream();
    const counted = this.queue.size + (hasTaken ? 1 : 0);
    while (this.weights.length > counted) this.keeper.countWaiting(-(this.weights.shift() ?? 0));
    this.allowMore();
    if (this.isAwaited) this.keeper.readerWaits(this.call.id);
  }

  left(): void {
    this.dropWaiting();
    this.keeper.sendKept(formatSourceCancel(this.call.id, this.place));
    this.keeper.streamClosed();
  }

  /** Whether it is the next one, and no repetition after a resume. @throws ProtocolError for one behind a gap */
  private isNext(n: number): boolean {
    if (n <= this.last) return false;
    if (n !== this.last + 1) throw new ProtocolError('source: a value is missing', { kind: 'source' });
    this.last = n;
    return true;
  }

  private allowMore(): void {
    const { window } = this;
    const read = this.last - this.queue.size;
    if (this.queue.isClosed || this.limit - read > window / 2) return;
    this.limit = read + window;
    this.writeCredit();
  }

  private get window(): number {
    const wanted = this.largest === 0 ? FIRST_CREDIT : Math.floor(AHEAD_BYTES / this.largest);
    return Math.max(1, Math.min(this.streamCredit, wanted));
  }

  private writeCredit(): void {
    this.keeper.writeCredit(formatSourceCredit(this.call.id, this.place, this.limit));
  }

  private dropWaiting(): void {
    for (const bytes of this.weights.splice(0)) this.keeper.countWaiting(-bytes);
  }
}

/** The places of a call that are streams, as its header has them; undefined where it has what cannot be. */
export function checkedPlaces(given: unknown, args: readonly unknown[]): readonly number[] | undefined {
  if (!Array.isArray(given)) return undefined;
  let before = -1;
  for (const place of given as unknown[]) {
    if (!Number.isInteger(place)) return undefined;
    const number = place as number;
    if (number <= before || number >= args.length) return undefined;
    before = number;
  }
  return given as number[];
}
