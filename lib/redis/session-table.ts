import { createHash } from 'node:crypto';
import { claimOfText, claimText, type SessionClaim } from '../session/session-claim.js';
import { ignore } from '../util/callback.js';
import { randomId } from '../util/random.js';
import type { BoundedRedisClient } from './bounded-redis-client.js';
import type { Script } from './script.js';
import {
  CLAIM,
  CONFIRM,
  CREATE,
  DELETE,
  DISOWN,
  DONE,
  END_LEASE,
  FREE,
  KEEP,
  LATE,
  PING,
  RELEASE,
  RENEW,
  REVIVE,
  SAVE,
  STALE,
  UNKNOWN,
} from './session-scripts.js';

/**
 * The result of a claim: `busy`, another instance has the session; `mine`, this instance has it; `late`, the same
 * client has made a later claim at another instance; `none`, there is no such session; `large`, it has more bytes than may be
 * read, and stays where it is; `text`, this instance owns it now.
 */
export type ClaimResult =
  | { readonly is: 'none' | 'busy' | 'mine' | 'late' | 'large' }
  | {
      readonly is: 'text';
      readonly text: string;
      /** Names and texts of the pieces of the journal, by turns. */
      readonly pieces: readonly string[];
      /** Undoes the claim. */
      undo(): Promise<void>;
    };

/**
 * The result of a write: `late`, a later write had come before; `unknown`, Redis does not know the session; `stale`, it
 * does not have what the write was to change; `lostTo`, another instance has the session by this claim. In all cases but `done`, nothing was written.
 */
export type WriteResult =
  'done' | 'late' | 'unknown' | 'stale' | { readonly lostTo: SessionClaim | undefined };

/** What Redis keeps of a session without an owner. */
export interface StoredText {
  readonly text: string;
  /** The newest claim that was granted. */
  readonly claim: SessionClaim | undefined;
}

/** What is written of a session that this instance keeps. */
export interface SessionWrite extends StoredText {
  /** The step of the write whose pieces of the journal stay, but for {@link freed}; '' where none stay. */
  readonly after: string;
  /** Names and texts of the pieces that are new or written anew, by turns. */
  readonly pieces: readonly string[];
  /** The names of the pieces that go. */
  readonly freed: readonly string[];
}

/** A session that another instance has by now. */
export interface LostSession {
  readonly hash: string;
  readonly claim: SessionClaim | undefined;
}

/**
 * How many sessions one command of {@link SessionTable.keep} takes. Why: Redis does nothing else while a script runs.
 */
const BATCH = 500;

/**
 * Returns the hash of a session's id, by which Redis knows the session. Why: the id suffices to resume the session,
 * and the readers of Redis must not learn it. An id has 128 random bits, which cannot be guessed from the hash.
 */
export function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** Reads and writes the sessions in Redis for one instance. Each method runs one script, on the hash of a session. */
export class SessionTable {
  /** The id of this instance. */
  private readonly instance = randomId();
  private readonly leaseKey: string;
  /**
   * Counts the commands of this instance. Why: Redis may execute them in another order, and the later one has to win.
   */
  private steps = 0;

  constructor(
    private readonly redis: BoundedRedisClient,
    private readonly prefix: string,
    private readonly lifetimeMs: number,
  ) {
    this.leaseKey = `${prefix}instance:${this.instance}`;
  }

  /** The channel on which other instances ask this one for sessions. */
  get channel(): string {
    return `${this.prefix}handover:${this.instance}`;
  }

  /** Renews this instance's lease, or begins it. @returns whether the lease had not run out */
  async renew(leaseMs: number): Promise<boolean> {
    return (await this.redis.run(RENEW, [this.leaseKey], [String(leaseMs)])) === 1;
  }

  /** Ends this instance's lease: others can claim what it owns. */
  async endLease(): Promise<void> {
    await this.redis.run(END_LEASE, [this.leaseKey], []);
  }

  /** Does nothing but wait for an answer. */
  async ping(): Promise<void> {
    await this.redis.run(PING, [this.leaseKey], []);
  }

  /** Writes a new session of this instance. @param text the session's text; '' for none */
  async create(hash: string, text: string): Promise<void> {
    await this.step(CREATE, hash, String(this.lifetimeMs), text);
  }

  /**
   * Makes this instance the owner of a session that has a text and no living owner. A living owner is asked to hand
   * over. A claim whose answer does not come in time is undone.
   * @param maxBytes how many bytes may be read
   */
  async claim(hash: string, order: SessionClaim | undefined, maxBytes: number): Promise<ClaimResult> {
    const step = this.nextStep();
    const keys = [this.keyOf(hash), this.leaseKey];
    const args = [this.instance, step, String(this.lifetimeMs), `${this.prefix}handover:`, hash];
    const undo = (): Promise<void> => this.disown(hash, step);
    let answer: unknown;
    try {
      answer = await this.redis.run(CLAIM, keys, [
        ...args,
        claimText(order),
        String(Math.min(maxBytes, Number.MAX_SAFE_INTEGER)),
      ]);
    } catch (error) {
      // Redis may have executed the claim, or may still do so. The command that undoes it follows on the same
      // connection.
      undo().catch(ignore);
      throw error;
    }
    const [is, text, pieces] = answer as
      ['text', string, string[]] | ['none' | 'busy' | 'mine' | 'late' | 'large', undefined, undefined];
    return is === 'text' ? { is, text, pieces, undo } : { is };
  }

  /** Removes the text of a claimed session. @returns whether this instance still owns the session */
  async confirm(hash: string): Promise<boolean> {
    return (await this.step(CONFIRM, hash)) === 'done';
  }

  /**
   * Removes the text of a session whose client is back; `late` where the client has made a later claim elsewhere.
   * @param kept the step of the write whose pieces of the journal stay; '' for none. `stale` where Redis has lost them
   */
  revive(hash: string, order: SessionClaim | undefined, kept: string): Promise<WriteResult> {
    return this.step(REVIVE, hash, String(this.lifetimeMs), claimText(order), kept);
  }

  /** Removes the pieces of the journal that {@link revive} has kept. */
  free(hash: string): Promise<WriteResult> {
    return this.step(FREE, hash);
  }

  /**
   * Writes a session.
   * @param step see {@link nextStep}
   * @param isNew whether to write it where Redis does not know it
   */
  save(hash: string, step: string, write: SessionWrite, isNew: boolean): Promise<WriteResult> {
    const { text, claim, after, pieces, freed } = write;
    const rest = [
      text,
      claimText(claim),
      isNew ? 'new' : '',
      after,
      String(pieces.length),
      ...pieces,
      ...freed,
    ];
    return this.run(SAVE, hash, step, String(this.lifetimeMs), ...rest);
  }

  /** Writes a session in one text, and gives it up. @param isNew whether to write it where Redis does not know it */
  release(hash: string, { text, claim }: StoredText, isNew: boolean): Promise<WriteResult> {
    return this.step(RELEASE, hash, String(this.lifetimeMs), text, claimText(claim), isNew ? 'new' : '');
  }

  /** Deletes a session, if this instance owns it. */
  async delete(hash: string): Promise<void> {
    await this.step(DELETE, hash);
  }

  /** Gives up a session without writing it. @param step that of the claim which is undone. @default any */
  async disown(hash: string, step = ''): Promise<void> {
    await this.redis.run(DISOWN, [this.keyOf(hash)], [this.instance, step]);
  }

  /**
   * Starts the lifetime of sessions anew, and restores what Redis has lost. @returns the sessions that others have
   * now
   */
  async keep(hashes: readonly string[]): Promise<LostSession[]> {
    const lost: LostSession[] = [];
    for (let start = 0; start < hashes.length; start += BATCH) {
      const batch = hashes.slice(start, start + BATCH);
      const keys = batch.map((hash) => this.keyOf(hash));
      const args = [this.instance, String(this.lifetimeMs)];
      for (const answer of (await this.redis.run(KEEP, keys, args)) as string[]) {
        const [index, claim] = answer.split(' ');
        lost.push({ hash: batch[Number(index) - 1], claim: claimOfText(claim) });
      }
    }
    return lost;
  }

  private keyOf(hash: string): string {
    return `${this.prefix}session:${hash}`;
  }

  /** Returns the number of the next command: what comes with a later one wins. */
  nextStep(): string {
    this.steps += 1;
    return String(this.steps);
  }

  private step(script: Script, hash: string, ...args: string[]): Promise<WriteResult> {
    return this.run(script, hash, this.nextStep(), ...args);
  }

  private async run(script: Script, hash: string, step: string, ...args: string[]): Promise<WriteResult> {
    const answer = await this.redis.run(script, [this.keyOf(hash)], [this.instance, step, ...args]);
    if (answer === DONE) return 'done';
    if (answer === LATE) return 'late';
    if (answer === STALE) return 'stale';
    return answer === UNKNOWN ? 'unknown' : { lostTo: claimOfText(String(answer)) };
  }
}
