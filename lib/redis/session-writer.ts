import { SessionSizeError } from '../session/session-size-error.js';
import type { Session } from '../session/session.js';
import { ignore } from '../util/callback.js';
import type { SessionTable, SessionWrite, WriteResult } from './session-table.js';
import { nameOf, writePiece, type JournalPiece } from './stored-journal.js';

/**
 * A journal of this length at most is within its session's text, and written with each change of the session. A piece of
 * a larger journal grows to this length before the next one begins. Why: the pieces are few then.
 */
const SMALL_LENGTH = 4 * 1024;
/** How much longer than a journal its pieces may be, beyond the journal's own length, before it is written anew. */
const MAX_LENGTH_FREED = 64 * 1024;

/** What is asked of a session that is written. */
export type WritableSession = Pick<
  Session<unknown>,
  'serialize' | 'serializeWithoutJournal' | 'claim' | 'journal' | 'journalBytes'
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
  private underWay: Promise<unknown> | undefined;
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
    if (this.underWay === undefined) return this.begin(this.write(session));
    return (this.waiting ??= this.saveLater());
  }

  /** Removes the session's text. Saves that wait meanwhile are dropped where that is done. */
  async removeText(work: () => Promise<WriteResult>): Promise<WriteResult> {
    this.forget();
    const before = this.underWay?.catch(ignore);
    const removal = work();
    void this.begin(Promise.all([before, removal])).catch(ignore);
    const result = await removal;
    if (result === 'done') this.cancel();
    return result;
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

  private async saveLater(): Promise<WriteResult> {
    const { cancellations } = this;
    while (this.underWay !== undefined) await this.underWay.catch(ignore);
    const { session } = this;
    if (cancellations !== this.cancellations || session === undefined) return 'done';
    this.waiting = undefined;
    return this.begin(this.write(session));
  }

  private async write(session: WritableSession): Promise<WriteResult> {
    const { known } = this;
    if (known?.session === session && known.rewrites === session.journal.rewrites) {
      const plan = planChange(session, known);
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
    { write, pieces }: Plan,
    isNew: boolean,
  ): Promise<WriteResult> {
    const { rewrites } = session.journal;
    const step = this.table.nextStep();
    const { forgotten } = this;
    const result = await this.table.save(this.hash, step, write, isNew);
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

/** Plans to write what has changed; undefined where little is left of what Redis has, and all is to be written. */
function planChange(session: WritableSession, { step, pieces: before }: Known): Plan | undefined {
  const { claim, journal } = session;
  const last = before[before.length - 1];
  const isFull = last.length >= SMALL_LENGTH;
  const kept = isFull ? before : before.slice(0, -1);
  const start = Math.max(isFull ? last.end : last.start, journal.start);
  const { piece, text: added } = writePiece(journal, start, isFull ? last.number + 1 : last.number);
  const isHeld = ({ end }: JournalPiece): boolean => end > journal.start;
  const pieces = [...kept, piece].filter(isHeld);
  const length = pieces.reduce((sum, one) => sum + one.length, 0);
  if (pieces.length === 0 || length > 2 * journal.bytes + MAX_LENGTH_FREED) return undefined;
  const isAdded = piece.end > last.end;
  const text = session.serializeWithoutJournal();
  const freed = before.filter((one) => !isHeld(one)).map(nameOf);
  const write = { text, claim, after: step, freed, pieces: isAdded ? [nameOf(piece), added] : [] };
  return { write, pieces: isAdded ? pieces : before.filter(isHeld), bytes: bytesOf(text, pieces) };
}

function planWhole(session: WritableSession): Plan {
  const { claim, journal } = session;
  const whole = { claim, after: '', freed: [] };
  if (session.journalBytes <= SMALL_LENGTH) {
    const text = session.serialize();
    return { write: { ...whole, text, pieces: [] }, bytes: bytesOf(text, []), pieces: [] };
  }
  const text = session.serializeWithoutJournal();
  const { piece, text: added } = writePiece(journal, journal.start, 0);
  const write = { ...whole, text, pieces: [nameOf(piece), added] };
  return { write, bytes: bytesOf(text, [piece]), pieces: [piece] };
}

function bytesOf(text: string, pieces: readonly JournalPiece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, Buffer.byteLength(text));
}
