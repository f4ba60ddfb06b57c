import type { ByeReason } from '../protocol/message.js';

/** Why a connection ends. */
export type TerminationReason = 'closed' | 'abandoned' | 'moved' | 'taken' | 'expired';

/** What an end means for the peer and for the session. */
export interface Termination {
  /** What the peer hears, where it understands `bye`. */
  readonly bye: ByeReason | undefined;
  /** Which side says so: who loses a session to another connection is told by the server. */
  readonly saidBy: 'both' | 'server';
  /**
   * Whether the session goes on without this connection. Then what waits to be stored counts as not received, the
   * callers of what is in service hear that its answers are lost, and all calls of this side fail with -1. A session
   * that stays may come back with this connection, which keeps its resendable calls.
   */
  readonly releasesSession: boolean;
}

/** The ends of a connection: what is said, and what becomes of the session. */
export const TERMINATIONS: Readonly<Record<TerminationReason, Termination>> = {
  /** The user has called `close`. */
  closed: { bye: 'close', saidBy: 'both', releasesSession: false },
  /** Refused, given up, overtaken, or ended after its own word to the peer. */
  abandoned: { bye: undefined, saidBy: 'both', releasesSession: false },
  /** The server sends its client to another one. */
  moved: { bye: 'moved', saidBy: 'server', releasesSession: true },
  /** Another connection has claimed the session. */
  taken: { bye: 'taken', saidBy: 'server', releasesSession: true },
  /** The client has not come back in time. */
  expired: { bye: undefined, saidBy: 'server', releasesSession: true },
};
