import type { Connection } from '../../connection/connection.js';
import { isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import type { Session } from '../../session/session.js';
import { now } from '../../util/host.js';

const WINDOW_MS = 60_000;
// Far more than a client needs whose old links are noticed late, or who moves on purpose.
const MAX_TAKEOVERS = 20;

interface Takeovers {
  count: number;
  readonly since: number;
}

/**
 * Ends the fight of two claimants for one session: each comes back by itself when the other has taken it. Peers
 * that know `bye` are told and stay away; of the others, so many takeovers of a link that is up are a fight, and
 * the one who has the session then keeps it.
 */
export class TakeoverLimit {
  private readonly bySession = new WeakMap<Session<Connection>, Takeovers>();

  /** Whether the link of a connection may be taken away from it once more. Who has it may always move it. */
  allows({ session, extensions }: Connection, claim: SessionClaim | undefined): boolean {
    if (!session || extensions.bye || isSameClaimant(claim, session.claim)) return true;
    const time = now();
    const known = this.bySession.get(session);
    const takeovers = known && time - known.since < WINDOW_MS ? known : { count: 0, since: time };
    takeovers.count += 1;
    this.bySession.set(session, takeovers);
    return takeovers.count <= MAX_TAKEOVERS;
  }
}
