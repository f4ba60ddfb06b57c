import { createHash } from 'node:crypto';
import { claimOfText, claimText, type SessionClaim } from '../session/session-claim.js';
import { ignore } from '../util/callback.js';
import { randomId } from '../util/random.js';
import type { RedisLink } from './redis-link.js';
import type { Script } from './script.js';
import {
  CLAIM,
  CONFIRM,
  CREATE,
  DELETE,
  DISOWN,
  DONE,
  END_LEASE,
  KEEP,
  LATE,
  RELEASE,
  RENEW,
  REVIVE,
  SAVE,
  UNKNOWN,
} from './session-scripts.js';

/**
 * What came of a claim: `busy` where another instance has the session, `mine` where this one does, `late` where the same
 * client has asked elsewhere since, `none` where there is no such session.
 */
export type Claimed =
  | { readonly is: 'none' | 'busy' | 'mine' | 'late' }
  | {
      readonly is: 'text';
      readonly text: string;
      /** What undoes it. */
      undo(): Promise<void>;
    };

/** What came of a write: done or overtaken, unknown to Redis, or not done as another has the session by a claim. */
export type Written = 'done' | 'late' | 'unknown' | { readonly lostTo: SessionClaim | undefined };

/** What Redis keeps of a session. */
export interface StoredText {
  readonly text: string;
  /** The newest claim that was granted. */
  readonly claim: SessionClaim | undefined;
}

/** A session that another instance has by now. */
export interface Lost {
  readonly hash: string;
  readonly claim: SessionClaim | undefined;
}

/** How many sessions one step of {@link SessionTable.keep} takes: more would hold up what else Redis does. */
const BATCH = 500;

/**
 * What stands for a session's id in Redis: who can read all of Redis can still resume no session.
 * The id has 128 random bits, which no guessing finds from its hash.
 */
export function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex');
}

/** The sessions in Redis, as one instance sees them. Each step is one script, and takes a session's hash. */
export class SessionTable {
  /** The id of this instance. */
  private readonly instance = randomId();
  private readonly leaseKey: string;
  /** Counts what this instance asks Redis to do with sessions: of two steps the later one counts, whichever comes last. */
  private steps = 0;

  constructor(
    private readonly link: RedisLink,
    private readonly prefix: string,
    private readonly lifetimeMs: number,
  ) {
    this.leaseKey = `${prefix}instance:${this.instance}`;
  }

  /** The channel on which others ask this instance for a session, by its hash. */
  get channel(): string {
    return `${this.prefix}handover:${this.instance}`;
  }

  /** Begins this instance's lease, or makes it longer. @returns whether it had not run out */
  async renew(leaseMs: number): Promise<boolean> {
    return (await this.link.run(RENEW, [this.leaseKey], [String(leaseMs)])) === 1;
  }

  /** Ends this instance's lease: what it owns can be claimed. */
  async endLease(): Promise<void> {
    await this.link.run(END_LEASE, [this.leaseKey], []);
  }

  /** Writes a new session of this instance, with its text or (empty) without. */
  async create(hash: string, text: string): Promise<void> {
    await this.step(CREATE, hash, String(this.lifetimeMs), text);
  }

  /**
   * Makes this instance the owner of what has a text and no living owner; a living one is asked to hand over. A claim
   * whose answer does not come in time is undone.
   */
  async claim(hash: string, order: SessionClaim | undefined): Promise<Claimed> {
    const step = this.nextStep();
    const keys = [this.keyOf(hash), this.leaseKey];
    const args = [this.instance, step, String(this.lifetimeMs), `${this.prefix}handover:`, hash];
    const undo = (): Promise<void> => this.disown(hash, step);
    let answer: unknown;
    try {
      answer = await this.link.run(CLAIM, keys, [...args, claimText(order)]);
    } catch (error) {
      // Redis may have done it, or may do it yet: what undoes it follows it on the same connection.
      undo().catch(ignore);
      throw error;
    }
    const [is, text] = answer as ['text', string] | ['none' | 'busy' | 'mine' | 'late', undefined];
    return is === 'text' ? { is, text, undo } : { is };
  }

  /** Takes away the text of a claimed session. @returns whether this instance still owns it */
  async confirm(hash: string): Promise<boolean> {
    return (await this.step(CONFIRM, hash)) === 'done';
  }

  /** Takes away the text of a session that lives here again; 'late' where its client has asked elsewhere since. */
  revive(hash: string, order: SessionClaim | undefined): Promise<Written> {
    return this.step(REVIVE, hash, String(this.lifetimeMs), claimText(order));
  }

  /** @param isNew whether Redis need not know the session; otherwise an unknown one is not written */
  save(hash: string, { text, claim }: StoredText, isNew: boolean): Promise<Written> {
    return this.step(SAVE, hash, String(this.lifetimeMs), text, claimText(claim), isNew ? 'new' : '');
  }

  /** The same, and nobody owns it any more. */
  release(hash: string, { text, claim }: StoredText, isNew: boolean): Promise<Written> {
    return this.step(RELEASE, hash, String(this.lifetimeMs), text, claimText(claim), isNew ? 'new' : '');
  }

  /** Forgets a session of this instance, and leaves those of others. */
  async delete(hash: string): Promise<void> {
    await this.step(DELETE, hash);
  }

  /** Gives up a session without writing it. @param step the claim's; any by default */
  async disown(hash: string, step = ''): Promise<void> {
    await this.link.run(DISOWN, [this.keyOf(hash)], [this.instance, step]);
  }

  /** Starts the lifetime of sessions anew, and writes again which Redis lost. @returns those that others have now */
  async keep(hashes: readonly string[]): Promise<Lost[]> {
    const lost: Lost[] = [];
    for (let start = 0; start < hashes.length; start += BATCH) {
      const batch = hashes.slice(start, start + BATCH);
      const keys = batch.map((hash) => this.keyOf(hash));
      const args = [this.instance, String(this.lifetimeMs)];
      for (const line of (await this.link.run(KEEP, keys, args)) as string[]) {
        const [place, claim] = line.split(' ');
        lost.push({ hash: batch[Number(place) - 1], claim: claimOfText(claim) });
      }
    }
    return lost;
  }

  private keyOf(hash: string): string {
    return `${this.prefix}session:${hash}`;
  }

  private nextStep(): string {
    this.steps += 1;
    return String(this.steps);
  }

  private async step(script: Script, hash: string, ...args: string[]): Promise<Written> {
    const answer = await this.link.run(script, [this.keyOf(hash)], [this.instance, this.nextStep(), ...args]);
    if (answer === DONE) return 'done';
    if (answer === LATE) return 'late';
    return answer === UNKNOWN ? 'unknown' : { lostTo: claimOfText(String(answer)) };
  }
}
