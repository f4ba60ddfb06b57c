import type { SessionClaim } from '../session/session-claim.js';
import { SessionNotOwnedError } from '../session/session-not-owned-error.js';
import { ignore } from '../util/callback.js';
import type { SessionTable, StoredText, WriteResult } from './session-table.js';
import { SessionWriter, type WritableSession } from './session-writer.js';

/** The final state of a session that this process has given up: its last text, or that it is deleted. */
type FinalState = StoredText | 'deleted';

/**
 * Holds the sessions that an instance owns as far as this process knows, and final states that Redis has not taken
 * yet.
 */
export class OwnedSessions {
  private readonly ids = new Map<string, string>();
  private readonly unwritten = new Map<string, FinalState>();
  private readonly writers = new Map<string, SessionWriter>();
  /** Sessions of which parts were kept when their clients came back. */
  private readonly kept = new Set<string>();

  /** @param maxBytes how many bytes a session may have in Redis */
  constructor(
    private readonly table: SessionTable,
    private readonly maxBytes: number,
  ) {}

  /** Returns the id of an owned session by its hash; undefined where it is not owned. */
  idOf(hash: string): string | undefined {
    return this.ids.get(hash);
  }

  /** Whether Redis has not taken the final state of a session yet. */
  isUnwritten(hash: string): boolean {
    return this.unwritten.has(hash);
  }

  /** Adds a session that is owned from now on. A final state that was not written is dropped. */
  add(hash: string, id: string): void {
    this.unwritten.delete(hash);
    this.ids.set(hash, id);
  }

  /** Notes that Redis has something else of a session than what was written here: others may have had it since. */
  claimed(hash: string): void {
    this.writers.delete(hash);
  }

  /** Removes a session that is not owned any more. @returns its id, where it was owned */
  remove(hash: string): string | undefined {
    const id = this.ids.get(hash);
    this.ids.delete(hash);
    this.writers.delete(hash);
    return id;
  }

  /**
   * Removes the text of a claimed session from Redis: from now on this process alone has the state. Why not within the
   * claim: if the answer to the claim were lost, so would be the session.
   * @returns whether this instance still owns the session
   */
  async removeText(hash: string, text: StoredText): Promise<boolean> {
    try {
      return await this.table.confirm(hash);
    } catch (error) {
      // The text may have been removed or not: it is put back as soon as Redis answers.
      this.giveUp(hash, text).catch(ignore);
      throw error;
    }
  }

  /**
   * Gives a session up, and writes its final state. Where Redis cannot be reached, the state waits for {@link flush}.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another instance has the session by now
   */
  async giveUp(hash: string, state: FinalState): Promise<void> {
    this.writers.get(hash)?.cancel();
    this.remove(hash);
    this.unwritten.set(hash, state);
    throwIfLost(await this.flush(hash));
  }

  /** Writes the final state of a session, if Redis has not taken it yet. */
  async flush(hash: string): Promise<WriteResult> {
    const state = this.unwritten.get(hash);
    if (state === undefined) return 'done';
    const result = await this.writeFinal(hash, state);
    if (this.unwritten.get(hash) === state) this.unwritten.delete(hash);
    return result;
  }

  /** Writes all final states that Redis has not taken yet. */
  async flushAll(): Promise<void> {
    // Stops at the first failure. Why: it shows that Redis cannot be reached.
    for (const hash of [...this.unwritten.keys()]) await this.flush(hash);
  }

  /**
   * Writes a session that is owned.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another instance has the session by now
   * @throws SessionSizeError, and writes nothing, where the session is too large
   */
  async save(hash: string, session: WritableSession): Promise<void> {
    const result = await this.writerOf(hash).save(session);
    if (isLost(result)) this.remove(hash);
    throwIfLost(result);
  }

  /** Removes the text of a session whose client is back. */
  async revive(hash: string, claim: SessionClaim | undefined): Promise<WriteResult> {
    const result = await this.writerOf(hash).removeText((piecesOf) => {
      if (piecesOf !== '') this.kept.add(hash);
      return this.table.revive(hash, claim, piecesOf);
    });
    return result;
  }

  /** Removes parts of sessions whose clients are back, where their time is over. */
  async freeAll(): Promise<void> {
    for (const hash of [...this.kept])
      if ((await this.writers.get(hash)?.freePieces()) !== false) this.kept.delete(hash);
  }

  private writerOf(hash: string): SessionWriter {
    let writer = this.writers.get(hash);
    if (writer === undefined) {
      writer = new SessionWriter(this.table, hash, this.maxBytes, () => this.ids.has(hash));
      this.writers.set(hash, writer);
    }
    return writer;
  }

  /** Starts the lifetime of all owned sessions anew. @returns the sessions that others have by now */
  async keepAll(): Promise<{ id: string; claim: SessionClaim | undefined }[]> {
    // A copy: sessions that are given up or added while Redis works do not count.
    const before = new Map(this.ids);
    const lost = await this.table.keep([...before.keys()]);
    return lost
      .filter(({ hash }) => this.ids.has(hash))
      .map(({ hash, claim }) => ({ id: this.remove(hash) ?? '', claim }));
  }

  private async writeFinal(hash: string, state: FinalState): Promise<WriteResult> {
    if (state === 'deleted') {
      await this.table.delete(hash);
      return 'done';
    }
    const result = await this.table.release(hash, state, false);
    return result === 'unknown' ? this.table.release(hash, state, true) : result;
  }
}

/** Whether a write was refused, as another instance has the session. */
export function isLost(result: WriteResult): result is Extract<WriteResult, object> {
  return typeof result === 'object';
}

function throwIfLost(result: WriteResult): void {
  if (isLost(result)) throw new SessionNotOwnedError(result.lostTo);
}
