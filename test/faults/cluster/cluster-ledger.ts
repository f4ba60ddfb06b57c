/** What can be wrong with a run of several servers. */
export const CLUSTER_WRONGS = [
  'lost',
  'twice',
  'outOfOrder',
  'hung',
  'wrongAnswers',
  'takenFromItself',
] as const;
export type ClusterWrong = (typeof CLUSTER_WRONGS)[number];
export type ClusterCounts = Record<ClusterWrong, number>;

/** What a client sends. */
export const OPERATIONS = ['echo', 'event', 'slow', 'ask', 'count'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Those that cannot end while their client is away. */
const NEEDS_CLIENT: ReadonlySet<Operation> = new Set(['ask', 'count']);

/** What became of a message. */
interface Entry {
  readonly what: Operation;
  outcome: 'open' | 'answered' | 'unknown' | 'failed';
  /** By `performance.now()`. */
  readonly sentAt: number;
  endedAt: number;
  runs: number;
  tolds: number;
  asks: number;
}

/** A fault that may end a session, or calls, of a client. */
interface Blow {
  /** The server's. */
  readonly process: number;
  readonly at: number;
  /** The last message that had run before. */
  lastRun: number;
  /** The last message that may have gone out on the line that broke. */
  lastSent: number | undefined;
}

/**
 * How long a server that a session leaves gives to what runs. What takes longer fails with -1, as the documents say: what
 * needs a client that is away.
 */
export const DRAIN_TIMEOUT_MS = 5000;

/** Clocks of two processes. */
const TIMER_MS = 50;
const MAX_DETAILS = 8;
const LOST_CALLBACK = -1;

/**
 * Writes down what one client has sent, and what became of it. Messages have sequence numbers from 1, calls and events
 * together. Whatever happens, a message runs once at most, the messages of a session run in their order, a call that is
 * answered has run and its event has come, and each call ends. That all of them run and are answered, too, is only not
 * asked for where a server was killed (see {@link expectBlow}): docs/guides/several-servers.md says what is lost then.
 */
export class ClusterLedger {
  readonly counts = Object.fromEntries(CLUSTER_WRONGS.map((wrong) => [wrong, 0])) as ClusterCounts;
  /** The first wrongs, in words. */
  readonly details: string[] = [];
  /** What a killed server took with it, as the documents say: calls that failed with -1, events that did not run. */
  excused = 0;
  /** Calls that failed with -1 as they needed a client that was away for longer than {@link DRAIN_TIMEOUT_MS}. */
  tooLong = 0;
  /** What a server that stood still for longer than its lease ran when it went on, as the documents say. */
  belated = 0;
  private readonly entries: Entry[] = [];
  private readonly blows: Blow[] = [];
  private blow: Blow | undefined;
  private readonly lastRuns = new Map<string, number>();
  private lastTold = 0;
  private lastRun = 0;
  private openCalls = 0;

  constructor(private readonly client: string) {}

  get sentCount(): number {
    return this.entries.length;
  }

  /** How many calls are not answered yet. */
  get open(): number {
    return this.openCalls;
  }

  /** A message is about to be sent; answers with its sequence number. */
  sent(what: Operation): number {
    if (what !== 'event') this.openCalls += 1;
    const sentAt = performance.now();
    return this.entries.push({ what, outcome: 'open', sentAt, endedAt: 0, runs: 0, tolds: 0, asks: 0 });
  }

  /** A call has ended. @param isRight whether its result is the one that it asks for */
  ended(seq: number, error: unknown, isRight: boolean): void {
    const entry = this.entries[seq - 1];
    if (entry.outcome !== 'open') {
      this.wrong('twice', seq, 'answered twice');
      return;
    }
    this.openCalls -= 1;
    entry.endedAt = performance.now();
    if (error === LOST_CALLBACK) entry.outcome = 'unknown';
    else if (error === null && isRight) entry.outcome = 'answered';
    else {
      entry.outcome = 'failed';
      this.wrong('wrongAnswers', seq, error === null ? 'another result' : JSON.stringify(error));
    }
  }

  /** A server's event, which each call sends, has come. */
  told(seq: number): void {
    const entry = this.entries[seq - 1];
    entry.tolds += 1;
    if (entry.tolds > 1) this.wrong('twice', seq, 'its event came twice');
    else if (seq < this.lastTold)
      this.wrong('outOfOrder', seq, `its event came after that of ${this.lastTold}`);
    this.lastTold = Math.max(seq, this.lastTold);
  }

  /** A server's call to the client runs. */
  asked(seq: number): void {
    const entry = this.entries[seq - 1];
    entry.asks += 1;
    if (entry.asks > 1) this.wrong('twice', seq, "the server's call ran twice");
  }

  /** A message runs in a server: told in the order of the record. */
  ran(seq: number, session: string, process = 0): void {
    const entry = this.entries.at(seq - 1);
    if (seq < 1 || !entry) return;
    entry.runs += 1;
    if (entry.runs > 1) this.wrong('twice', seq, 'it ran twice');
    const last = this.lastRuns.get(session) ?? 0;
    if (seq < last && this.isBelated(seq, process)) this.belated += 1;
    else if (seq < last) this.wrong('outOfOrder', seq, `it ran after ${last}`);
    this.lastRuns.set(session, Math.max(seq, last));
    this.lastRun = Math.max(seq, this.lastRun);
  }

  /** A server is about to be killed, or stopped for so long that it is taken for dead. */
  expectBlow(process: number): void {
    this.blow = { process, at: performance.now(), lastRun: 0, lastSent: undefined };
  }

  /**
   * It is done.
   * @param isStruck whether that server had the client's session
   * @param isLineUp whether the client does not know of it yet
   */
  struck(isStruck: boolean, isLineUp: boolean): void {
    const { blow } = this;
    if (!blow) return;
    if (!isStruck) {
      this.blow = undefined;
      return;
    }
    this.blows.push(blow);
    blow.lastRun = this.lastRun;
    if (!isLineUp) this.lineLost();
  }

  /** The client's line is gone: what is sent from now on has not gone out. */
  lineLost(): void {
    if (this.blow) this.blow.lastSent ??= this.sentCount;
  }

  /** The client was told that another took its session: there is none. */
  taken(): void {
    this.wrong('takenFromItself', this.sentCount, 'the session was taken');
  }

  /** The end: what has not come by now does not come. */
  close(): void {
    for (const [index, entry] of this.entries.entries()) {
      if (entry.what === 'event') this.closeEvent(index + 1, entry);
      else this.closeCall(index + 1, entry);
    }
  }

  /** Whether a server that stood still has run what it was about to run then: nobody can know that it is another's by now. */
  private isBelated(seq: number, process: number): boolean {
    return this.blows.some(
      (blow) => blow.process === process && seq > blow.lastRun && seq <= (blow.lastSent ?? 0),
    );
  }

  private closeEvent(seq: number, { runs }: Entry): void {
    if (runs > 0) return;
    const isExcused = this.blows.some(({ lastRun, lastSent = 0 }) => seq > lastRun && seq <= lastSent);
    if (isExcused) this.excused += 1;
    else this.wrong('lost', seq, 'it never ran');
  }

  private closeCall(seq: number, { what, outcome, runs, tolds, sentAt, endedAt }: Entry): void {
    if (outcome === 'open') this.wrong('hung', seq, runs > 0 ? 'it ran' : 'it did not run');
    else if (outcome === 'answered') {
      if (runs === 0) this.wrong('wrongAnswers', seq, 'it was answered and did not run');
      if (tolds === 0) this.wrong('lost', seq, 'its event never came');
    } else if (outcome === 'unknown') {
      const isExcused = this.blows.some(({ at, lastSent = 0 }) => endedAt >= at && seq <= lastSent);
      const isTooLong = NEEDS_CLIENT.has(what) && endedAt - sentAt >= DRAIN_TIMEOUT_MS - TIMER_MS;
      if (isExcused) this.excused += 1;
      else if (isTooLong) this.tooLong += 1;
      else this.wrong('lost', seq, '-1');
    }
  }

  private wrong(wrong: ClusterWrong, seq: number, how: string): void {
    this.counts[wrong] += 1;
    if (this.details.length >= MAX_DETAILS) return;
    this.details.push(
      `${wrong}: ${this.entries.at(seq - 1)?.what ?? 'session'} ${seq} of ${this.client} (${how})`,
    );
  }
}
