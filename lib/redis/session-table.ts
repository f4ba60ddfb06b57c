import { createHash } from 'node:crypto';
import { randomId } from '../util/random.js';
import type { RedisLink } from './redis-link.js';
import type { Script } from './script.js';
import {
  CLAIM,
  CONFIRM,
  CREATE,
  DELETE,
  DISOWN,
  END_LEASE,
  KEEP,
  RELEASE,
  RENEW,
  REVIVE,
  SAVE,
} from './session-scripts.js';

/** What came of a claim. */
export type Claimed = { readonly is: 'none' | 'busy' } | { readonly is: 'text'; readonly text: string };

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

  /** Makes this instance the owner of what has a text and no living owner; a living one is asked to hand over. */
  async claim(hash: string): Promise<Claimed> {
    const keys = [this.keyOf(hash), this.leaseKey];
    const args = [this.instance, String(this.lifetimeMs), `${this.prefix}handover:`, hash];
    const [is, text] = (await this.link.run(CLAIM, keys, args)) as [Claimed['is'], string];
    return is === 'text' ? { is, text } : { is };
  }

  /** Takes away the text of a claimed session. @returns whether this instance still owns it */
  confirm(hash: string): Promise<boolean> {
    return this.step(CONFIRM, hash);
  }

  /** Takes away the text of a session that lives here again. @returns whether this instance owns it */
  revive(hash: string): Promise<boolean> {
    return this.step(REVIVE, hash, String(this.lifetimeMs));
  }

  /** @returns whether this instance may write it */
  save(hash: string, text: string): Promise<boolean> {
    return this.step(SAVE, hash, String(this.lifetimeMs), text);
  }

  /** @returns whether this instance may write it */
  release(hash: string, text: string): Promise<boolean> {
    return this.step(RELEASE, hash, String(this.lifetimeMs), text);
  }

  /** Forgets a session of this instance, and leaves those of others. */
  async delete(hash: string): Promise<void> {
    await this.step(DELETE, hash);
  }

  /** Gives up a session without writing it. */
  async disown(hash: string): Promise<void> {
    await this.step(DISOWN, hash);
  }

  /** Starts the lifetime of sessions anew, and writes again which Redis lost. @returns those that others have now */
  async keep(hashes: readonly string[]): Promise<string[]> {
    const lost: string[] = [];
    for (let start = 0; start < hashes.length; start += BATCH) {
      const batch = hashes.slice(start, start + BATCH);
      const keys = batch.map((hash) => this.keyOf(hash));
      const args = [this.instance, String(this.lifetimeMs)];
      const places = (await this.link.run(KEEP, keys, args)) as number[];
      lost.push(...places.map((place) => batch[place - 1]));
    }
    return lost;
  }

  private keyOf(hash: string): string {
    return `${this.prefix}session:${hash}`;
  }

  private async step(script: Script, hash: string, ...args: string[]): Promise<boolean> {
    return (await this.link.run(script, [this.keyOf(hash)], [this.instance, ...args])) === 1;
  }
}
