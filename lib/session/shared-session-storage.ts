import type { AbortSignalLike } from '../util/host.js';
import type { SessionClaim } from './session-claim.js';
import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';

/** Who wants a session, and for how long. */
export interface ClaimRequest {
  /** The newest claim of those who ask; undefined of peers that make none. It may change while the request lasts. */
  readonly order: SessionClaim | undefined;
  /** Fires when nobody asks any more: what is claimed after that is to be given up again. */
  readonly signal: AbortSignalLike;
}

/** A server, as a store that is shared by several sees it. */
export interface SessionOwner {
  /**
   * Another server asks for a session. The owner finishes what it is doing for it, then calls the store's
   * `release`; the Promise ends after that, or at once where it does not have the session, or where its client has
   * come back to it by a later claim than that of the request.
   */
  handOver(id: string, claim?: SessionClaim): Promise<void>;
  /**
   * Another server has the session now, as this one's lease had run out: nothing is done for it any more.
   * @param claim the claim by which the other one has it, where that is known
   */
  lost(id: string, claim?: SessionClaim): void;
  /** A failure that no caller is told of: the store is away, or back and changed. */
  reportError(error: unknown): void;
}

/**
 * A store that several servers share. Each session has one owner at a time, which alone may write it; the
 * others ask it to hand over, and wait for the end of its lease where it is dead.
 *
 * All methods are asynchronous; they reject where the store cannot be reached. `get` is `claim`, `set` is `save`.
 */
export interface SharedSessionStorageProvider<C = unknown> extends SessionStorageProvider<C> {
  /**
   * Whether a server stores each step before it acts on it: the received count before a handler runs, an
   * answer before it is sent. A crash then loses nothing that was answered, and runs nothing twice.
   */
  readonly writeThrough: boolean;
  /** A server begins to own sessions. @returns what ends that: it gives up what is still owned */
  serve(owner: SessionOwner): () => Promise<void>;
  /** A new session, which this server owns. */
  create(id: string, session: Session<C>): Promise<void>;
  /**
   * Makes this server the owner of a session that exists.
   * @param request who asks: a later claim of the same client makes it fail; with its signal it ends
   * @returns the session; undefined where there is none, or where it was lost with its owner
   * @throws JstpError `ERR_JSTP_SESSION_BUSY` where the owner does not hand over in time, or nobody asks any
   * more; the client may ask again
   * @throws SessionTextError where the stored text cannot be read: the session is lost
   */
  claim(id: string, request?: ClaimRequest): Promise<Session<C> | undefined>;
  /**
   * The client of a session that this server owns is back: what the store has of it no longer holds, unless each
   * step is stored (`writeThrough`). The end of this server would be the session's, too.
   * @param claim the client's claim
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another owns it by now, `ERR_JSTP_SESSION_BUSY` where the client
   * has made a later claim elsewhere
   */
  revive(id: string, claim?: SessionClaim): Promise<void>;
  /**
   * Writes a session that this server owns. A write that the store does after a later one must change nothing.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another owns it by now
   */
  save(id: string, session: Session<C>): Promise<void>;
  /** Writes a session and gives it up: the next claim of any server gets it. */
  release(id: string, session: Session<C>): Promise<void>;
  /** Forgets a session that has ended. */
  delete(id: string): Promise<void>;
}

/** Whether a provider is shared by several servers. */
export function isShared<C>(
  provider: SessionStorageProvider<C>,
): provider is SharedSessionStorageProvider<C> {
  return typeof (provider as Partial<SharedSessionStorageProvider<C>>).claim === 'function';
}
