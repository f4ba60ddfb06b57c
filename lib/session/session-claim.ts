import { randomUpTo } from '../util/random.js';

const MAX_CLAIMANT = 2 ** 32 - 1;

/**
 * Identifies one request to resume a session: which claimant (a Session object of a client) asks, and how many requests
 * it has made. Why: a request on a transport that the client has given up may reach the server after a later one, and
 * must not undo it.
 */
export interface SessionClaim {
  /** The claimant: a random number from 0 to 2^32 - 1. */
  readonly by: number;
  /** How many requests the claimant has made, this one included. */
  readonly count: number;
}

/** Makes the claims of one Session object of a client. */
export class Claimant {
  private readonly by = randomUpTo(MAX_CLAIMANT);
  private count = 0;

  /** Makes the claim of the next request. */
  next(): SessionClaim {
    this.count += 1;
    return { by: this.by, count: this.count };
  }
}

/**
 * Whether the same claimant was granted this claim or a later one already. Never so for peers that make no claims.
 */
export function isOvertaken(claim: SessionClaim | undefined, granted: SessionClaim | undefined): boolean {
  if (claim === undefined || granted === undefined) return false;
  return claim.by === granted.by && claim.count <= granted.count;
}

/** Whether two claims are the same claimant's. */
export function isSameClaimant(claim: SessionClaim | undefined, granted: SessionClaim | undefined): boolean {
  return claim !== undefined && claim.by === granted?.by;
}

/** Writes a claim as text, for stores and between servers; '' for none. */
export function claimText(claim: SessionClaim | undefined): string {
  return claim ? `${claim.by}:${claim.count}` : '';
}

/** Reads a text that {@link claimText} made; undefined for any other text. */
export function claimOfText(text: string): SessionClaim | undefined {
  const match = /^(\d{1,16}):(\d{1,16})$/.exec(text);
  return match ? { by: Number(match[1]), count: Number(match[2]) } : undefined;
}
