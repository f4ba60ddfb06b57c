import type { Connection } from '../../connection/connection.js';
import { isSameClaimant, type SessionClaim } from '../../session/session-claim.js';
import type { Session } from '../../session/session.js';
import { now } from '../../util/host.js';

const WINDOW_MS = 60_000;
// Far more than a client needs that moves on purpose, or whose lost transports are noticed late.
const MAX_TAKEOVERS = 20;

interface Takeovers {
  count: number;
  readonly since: number;
}

/**
 * Ends a fight of two clients for one session, in which each reconnects by itself as soon as the other has taken the
 * session. Peers that know `bye` are told that the session was taken, and stay away. Of other peers, more than
 * {@link MAX_TAKEOVERS} takeovers in {@link WINDOW_MS} are a fight: the client that has the session then keeps it.
 */
export class TakeoverLimit {
  private readonly bySession = new WeakMap<Session<Connection>, Takeovers>();

  /** Whether a claim may take the session away from an open connection. A client may always move its own session. */
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
