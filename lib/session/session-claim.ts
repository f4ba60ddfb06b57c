import { randomUpTo } from '../util/random.js';

const MAX_CLAIMANT = 2 ** 32 - 1;

/**
 * Which request to resume a session this is: who asks, and for the how-manieth time. A request may come to the
 * server after a later one of the same claimant, who has given up its line; it must not undo that.
 */
export interface SessionClaim {
  /** A random number for each Session object that asks: from 0 to 2^32 - 1. */
  readonly by: number;
  /** Counts its requests, from 1. */
  readonly count: number;
}

/** Makes the claims of one Session object. */
export class Claimant {
  private readonly by = randomUpTo(MAX_CLAIMANT);
  private count = 0;

  /** The next request's claim. */
  next(): SessionClaim {
    this.count += 1;
    return { by: this.by, count: this.count };
  }
}

/** Whether a claim comes after a later one of the same claimant, or again. Claims of peers that make none never do. */
export function isOvertaken(claim: SessionClaim | undefined, granted: SessionClaim | undefined): boolean {
  return isSameClaimant(claim, granted) && (claim?.count ?? 0) <= (granted?.count ?? 0);
}

/** Whether two claims are the same peer's. */
export function isSameClaimant(claim: SessionClaim | undefined, granted: SessionClaim | undefined): boolean {
  return claim !== undefined && claim.by === granted?.by;
}

/** A claim as text, for stores and between servers; '' for none. */
export function claimText(claim: SessionClaim | undefined): string {
  return claim ? `${claim.by}:${claim.count}` : '';
}

/** The claim of a text that {@link claimText} made; undefined for any other text. */
export function claimOfText(text: string): SessionClaim | undefined {
  const match = /^(\d{1,16}):(\d{1,16})$/.exec(text);
  return match ? { by: Number(match[1]), count: Number(match[2]) } : undefined;
}
