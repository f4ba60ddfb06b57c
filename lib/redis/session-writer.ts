import { SessionSizeError } from '../session/session-size-error.js';
import type { Session } from '../session/session.js';
import { ignore } from '../util/callback.js';
import { now } from '../util/host.js';
import type { SessionTable, SessionWrite, WriteResult } from './session-table.js';
import { nameOf, writePiece, writePieces, type JournalPiece, type WrittenPiece } from './stored-journal.js';

/**
 * A journal of this length at most is within its session's text, and written with each change of the session. A piece of
 * a larger journal grows to this length before the next one begins. Why: the pieces are few then.
 */
const SMALL_LENGTH = 4 * 1024;
/** How much longer than a journal its pieces may be, beyond the journal's own length, before it is written anew. */
const MAX_LENGTH_FREED = 64 * 1024;
/**
 * How many bytes of pieces Redis forgets in a millisecond, while the client is here. Why not all at once: of a client that
 * comes and goes, all of the journal would be written each time.
 */
const FORGOTTEN_PER_MS = 1024;

/** What is asked of a session that is written. */
export type WritableSession = Pick<
  Session<unknown>,
  'serialize' | 'serializeWithoutJournal' | 'claim' | 'journal'
>;

/** What Redis is known to have of a session whose journal is in pieces. */
interface Known {
  /** The step of the write. */
  readonly step: string;
  readonly session: WritableSession;
  readonly rewrites: number;
  readonly pieces: readonly JournalPiece[];
}

/** A write, and what Redis then has. */
interface Plan {
  readonly write: SessionWrite;
  readonly bytes: number;
  readonly pieces: readonly JournalPiece[];
  /** How many messages had been changed when it was made. */
  readonly rewrites: number;
}

/**
 * Writes one session while this process owns it: one write at a time, and of a large journal only what has changed. Why:
 * a peer that acknowledges nothing could have all of its journal written again with each small message.
 *
 * A write whose result is not known may have been executed or not. The next one changes all that has changed since the
 * last known one, so that both cases end the same.
 */
export class SessionWriter {
  private session: WritableSession | undefined;
  private known: Known | undefined;
  /** The highest number of a piece that Redis may have. */
  private highest = -1;
  private underWay: Promise<unknown> | undefined;
  /** The removal of the text that is under way, or waits for a write. */
  private removal: Promise<WriteResult> | undefined;
  /** When the pieces are to go that were left without a text. */
  private freeAt: number | undefined;
  /** The save that begins when nothing is under way, and includes all that changes until then. */
  private waiting: Promise<WriteResult> | undefined;
  /** How often the saves that waited were made superfluous. */
  private cancellations = 0;
  /** How often {@link known} was made invalid. */
  private forgotten = 0;

  /** @param maxBytes how many bytes the session may have in Redis */
  constructor(
    private readonly table: SessionTable,
    private readonly hash: string,
    private readonly maxBytes: number,
    private readonly isOwned: () => boolean,
  ) {}

  /**
   * Writes a session as it is now, or later.
   * @throws SessionSizeError, and writes nothing, where the session is too large
   */
  save(session: WritableSession): Promise<WriteResult> {
    this.session = session;
    if (this.underWay === undefined && this.removal === undefined) return this.begin(this.write(session));
    return (this.waiting ??= this.saveLater());
  }

  /**
   * Removes the session's text, as its client is back. Saves that wait are dropped where that is done.
   * @param work removes it, and the pieces of the journal, unless it is given the step of a write: those are kept for the
   * next save
   */
  async removeText(work: (piecesOf: string) => Promise<WriteResult>): Promise<WriteResult> {
    const removal = this.removeAfter(this.removal, work);
    this.removal = removal;
    try {
      return await removal;
    } finally {
      if (this.removal === removal) this.removal = undefined;
    }
  }

  /** Removes pieces that {@link removeText} has kept, once their time is over. @returns whether none are left */
  async freePieces(): Promise<boolean> {
    if (this.freeAt === undefined) return true;
    if (this.underWay !== undefined || this.removal !== undefined || now() < this.freeAt) return false;
    this.freeAt = undefined;
    this.forget();
    await this.begin(this.table.free(this.hash));
    return true;
  }

  /** Drops the saves that wait: the session is written in another way. */
  cancel(): void {
    this.cancellations += 1;
    this.waiting = undefined;
  }

  /** Writes all of the session next: Redis may have something else than what this writer wrote. */
  forget(): void {
    this.known = undefined;
    this.forgotten += 1;
  }

  private begin<T>(work: Promise<T>): Promise<T> {
    this.underWay = work;
    const end = (): void => {
      if (this.underWay === work) this.underWay = undefined;
    };
    work.then(end, end);
    return work;
  }

  private async removeAfter(
    before: Promise<unknown> | undefined,
    work: (piecesOf: string) => Promise<WriteResult>,
  ): Promise<WriteResult> {
    await before?.catch(ignore);
    // Why: a write that turns out to need another one would bring the text back.
    await this.rest(false);
    const { known } = this;
    if (known === undefined) this.forget();
    const result = await this.begin(work(known?.step ?? ''));
    if (result === 'stale') {
      this.forget();
      return this.removeAfter(undefined, work);
    }
    if (result !== 'done') return result;
    this.cancel();
    if (known !== undefined) this.freeAt = now() + bytesOf('', known.pieces) / FORGOTTEN_PER_MS;
    return result;
  }

  /** Waits until nothing is under way. @param isSave whether removals go first */
  private async rest(isSave: boolean): Promise<void> {
    for (;;) {
      const before = (isSave ? this.removal : undefined) ?? this.underWay;
      if (before === undefined) return;
      await before.catch(ignore);
    }
  }

  private async saveLater(): Promise<WriteResult> {
    const { cancellations } = this;
    await this.rest(true);
    const { session } = this;
    if (cancellations !== this.cancellations || session === undefined) return 'done';
    this.waiting = undefined;
    return this.begin(this.write(session));
  }

  private async write(session: WritableSession): Promise<WriteResult> {
    this.freeAt = undefined;
    const { known } = this;
    if (known?.session === session) {
      const plan = planChange(session, known, this.highest);
      if (plan !== undefined && plan.bytes <= this.maxBytes) {
        const result = await this.send(session, plan, false);
        if (result !== 'stale') return result;
      }
    }
    // Before it is sent: where it is not known whether Redis has it, neither is what the pieces there are.
    this.forget();
    const plan = planWhole(session);
    if (plan.bytes > this.maxBytes) throw new SessionSizeError(plan.bytes, sizeLimit(this.maxBytes));
    const result = await this.send(session, plan, false);
    // Redis has lost the session, or could not be reached when it was created. Unless it was given up meanwhile, it is
    // new.
    return result === 'unknown' && this.isOwned() ? this.send(session, plan, true) : result;
  }

  private async send(
    session: WritableSession,
    { write, pieces, rewrites }: Plan,
    isNew: boolean,
  ): Promise<WriteResult> {
    const step = this.table.nextStep();
    const last = pieces.length > 0 ? pieces[pieces.length - 1].number : -1;
    this.highest = Math.max(this.highest, last);
    const { forgotten } = this;
    const result = await this.table.save(this.hash, step, write, isNew);
    if (result === 'done') this.highest = last;
    if (result !== 'done') this.forget();
    else if (pieces.length > 0 && forgotten === this.forgotten)
      this.known = { step, session, rewrites, pieces };
    return result;
  }
}

/** The option that limits what is stored of a session, with its value. */
export function sizeLimit(maxBytes: number): string {
  return `maxSessionBytes (${maxBytes})`;
}

/** Plans to write what has changed; undefined where all is to be written, as little is left of what Redis has. */
function planChange(session: WritableSession, known: Known, highest: number): Plan | undefined {
  const { claim, journal } = session;
  const rewritten = journal.rewrittenSince(known.rewrites);
  const held = known.pieces.filter(({ end }) => end > journal.start);
  const last = held[held.length - 1] ?? known.pieces[known.pieces.length - 1];
  if (rewritten === undefined) return undefined;
  // The last piece goes on where it is small.
  const goesOn = last.length < SMALL_LENGTH && last.end > journal.start && last.end < journal.end;
  const stay = goesOn ? held.slice(0, -1) : held;
  const changed = stay
    .filter(({ start, end }) => rewritten.some((place) => place >= start && place < end))
    .map(({ number, start, end }) => writePiece(journal, number, Math.max(start, journal.start), end));
  const from = Math.max(goesOn ? last.start : last.end, journal.start);
  const added = writePieces(journal, goesOn ? last.number : last.number + 1, from);
  const unchanged = stay.map((one) => changed.find(({ piece }) => piece.number === one.number)?.piece ?? one);
  const pieces = [...unchanged, ...added.map(({ piece }) => piece)];
  const length = pieces.reduce((sum, one) => sum + one.length, 0);
  if (pieces.length === 0 || length > 2 * journal.textLength + MAX_LENGTH_FREED) return undefined;
  const text = session.serializeWithoutJournal();
  const freed = known.pieces.filter(({ end }) => end <= journal.start).map(nameOf);
  // What a write without an answer may have added beyond that.
  for (let number = pieces[pieces.length - 1].number + 1; number <= highest; number++)
    freed.push(nameOf({ number }));
  const write = { text, claim, after: known.step, freed, pieces: argumentsOf([...changed, ...added]) };
  return { write, pieces, bytes: bytesOf(text, pieces), rewrites: journal.rewrites };
}

function planWhole(session: WritableSession): Plan {
  const { claim, journal } = session;
  const whole = { claim, after: '', freed: [] };
  const { rewrites } = journal;
  if (journal.textLength <= SMALL_LENGTH) {
    const text = session.serialize();
    return { write: { ...whole, text, pieces: [] }, bytes: bytesOf(text, []), pieces: [], rewrites };
  }
  const text = session.serializeWithoutJournal();
  const written = writePieces(journal, 0, journal.start);
  const pieces = written.map(({ piece }) => piece);
  const write = { ...whole, text, pieces: argumentsOf(written) };
  return { write, bytes: bytesOf(text, pieces), pieces, rewrites };
}

function argumentsOf(written: readonly WrittenPiece[]): string[] {
  return written.flatMap(({ piece, text }) => [nameOf(piece), text]);
}

function bytesOf(text: string, pieces: readonly JournalPiece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, Buffer.byteLength(text));
}
