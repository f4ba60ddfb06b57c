import type { SessionClaim } from '../session/session-claim.js';
import { SessionNotOwnedError } from '../session/session-not-owned-error.js';
import { ignore } from '../util/callback.js';
import type { SessionTable, StoredText, Written } from './session-table.js';

/** What Redis has still to be told of a session that this process has given up: its last text, or its end. */
type LastWord = StoredText | 'deleted';

/** The sessions that an instance owns as far as this process knows, and those that it could not give back yet. */
export class OwnedSessions {
  private readonly ids = new Map<string, string>();
  private readonly lastWords = new Map<string, LastWord>();

  constructor(private readonly table: SessionTable) {}

  /** The id of a session that is owned, by its hash. */
  idOf(hash: string): string | undefined {
    return this.ids.get(hash);
  }

  /** Whether a session's last text is still to be written. */
  isUnwritten(hash: string): boolean {
    return this.lastWords.has(hash);
  }

  /** A session is owned from now on. */
  add(hash: string, id: string): void {
    this.lastWords.delete(hash);
    this.ids.set(hash, id);
  }

  /** A session is not owned any more. @returns its id, where it was */
  remove(hash: string): string | undefined {
    const id = this.ids.get(hash);
    this.ids.delete(hash);
    return id;
  }

  /**
   * Takes the text of a claimed session out of Redis: from here on it is this process's alone. A step of its own:
   * were the text gone with the claim, the loss of that one answer would be the loss of the session.
   * @returns whether this instance still owns it
   */
  async takeText(hash: string, text: StoredText): Promise<boolean> {
    try {
      return await this.table.confirm(hash);
    } catch (error) {
      // It may be gone or not: it is put back as soon as Redis answers.
      this.giveUp(hash, text).catch(ignore);
      throw error;
    }
  }

  /**
   * Writes a session's last text and gives it up, or forgets it. Where Redis is away it is tried again.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another has it by now
   */
  async giveUp(hash: string, word: LastWord): Promise<void> {
    this.ids.delete(hash);
    this.lastWords.set(hash, word);
    throwIfLost(await this.settle(hash));
  }

  /** Tries again to write a session's last text, where it is not written. */
  async settle(hash: string): Promise<Written> {
    const word = this.lastWords.get(hash);
    if (word === undefined) return 'done';
    const written = await this.writeLast(hash, word);
    if (this.lastWords.get(hash) === word) this.lastWords.delete(hash);
    return written;
  }

  /**
   * Writes a session that is owned.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another has it by now
   */
  async save(hash: string, text: StoredText): Promise<void> {
    let written = await this.table.save(hash, text, false);
    // Redis has lost it, or was away when it was made: this process still has it, unless that has ended meanwhile.
    if (written === 'unknown' && this.ids.has(hash)) written = await this.table.save(hash, text, true);
    if (isLost(written)) this.ids.delete(hash);
    throwIfLost(written);
  }

  /** Tries again to write all that is not written. */
  async settleAll(): Promise<void> {
    // One failure is enough to know that Redis is away.
    for (const hash of [...this.lastWords.keys()]) await this.settle(hash);
  }

  /** Starts the lifetime of all that is owned anew. @returns those that others have by now */
  async keepAll(): Promise<{ id: string; claim: SessionClaim | undefined }[]> {
    // Taken with their ids: one that is given up meanwhile, and claimed again, is another matter.
    const before = new Map(this.ids);
    const lost = await this.table.keep([...before.keys()]);
    return lost
      .filter(({ hash }) => this.ids.has(hash))
      .map(({ hash, claim }) => ({ id: this.remove(hash) ?? '', claim }));
  }

  private async writeLast(hash: string, word: LastWord): Promise<Written> {
    if (word === 'deleted') {
      await this.table.delete(hash);
      return 'done';
    }
    const written = await this.table.release(hash, word, false);
    return written === 'unknown' ? this.table.release(hash, word, true) : written;
  }
}

/** Whether a write was not done as another has the session. */
export function isLost(written: Written): written is Extract<Written, object> {
  return typeof written === 'object';
}

function throwIfLost(written: Written): void {
  if (isLost(written)) throw new SessionNotOwnedError(written.lostTo);
}
