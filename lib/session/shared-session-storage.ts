import type { Limits } from '../protocol/limits.js';
import type { AbortSignalLike } from '../util/host.js';
import type { SessionClaim } from './session-claim.js';
import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';

/** What a store is told about the clients that ask for a session. */
export interface ClaimRequest {
  /**
   * The newest claim of the clients that ask; undefined for peers that make none. May change while the request lasts.
   */
  readonly order: SessionClaim | undefined;
  /** Fires when no client asks any more: a session that is claimed after that is to be released again. */
  readonly signal: AbortSignalLike;
  /** The limits of the server that asks, for {@link Session.deserialize}. @default those of a server without options */
  readonly limits?: Limits | undefined;
}

/** A server that owns sessions, as their shared store sees it. */
export interface SessionOwner {
  /**
   * Hands a session over that another server asks for: finishes what the owner does for it, then calls the store's
   * `release`. Resolves after that; at once where the owner does not have the session, or where the client has come
   * back to the owner by a later claim than that of the request.
   * @param claim the claim by which the other server asks; undefined where it makes none
   */
  handOver(id: string, claim?: SessionClaim): Promise<void>;
  /**
   * Gives up a session that another server has got, as the owner's lease had run out.
   * @param claim the claim by which the other server got the session, where it is known
   */
  lost(id: string, claim?: SessionClaim): void;
  /** Reports a failure that no caller hears of: the store cannot be reached, or it has lost what it held. */
  reportError(error: unknown): void;
}

/**
 * A store that several servers share. Invariant: each session has at most one owner at a time, and only the owner
 * writes it. Other servers ask the owner to hand over; where it is dead, they wait for the end of its lease.
 *
 * All methods are asynchronous, and reject where the store cannot be reached. `get` does what `claim` does, `set` what
 * `save` does.
 */
export interface SharedSessionStorageProvider<C = unknown> extends SessionStorageProvider<C> {
  /**
   * Whether a server saves each step of a session before it acts on it: the received count before a handler runs, an
   * answer before it is sent. A crash then loses nothing that was answered, and runs nothing twice.
   */
  readonly writeThrough: boolean;
  /** Lets a server own sessions from now on. @returns a function that ends that, and gives up what is still owned */
  serve(owner: SessionOwner): () => Promise<void>;
  /** Adds a new session, which this server owns. */
  create(id: string, session: Session<C>): Promise<void>;
  /**
   * Makes this server the owner of a session that exists.
   * @param request which client asks. Fails where the store knows a later claim of the same client, and when the
   * request's signal fires
   * @returns the session; undefined where there is none, or where it was lost with its owner
   * @throws JstpError `ERR_JSTP_SESSION_BUSY` where the owner does not hand over in time, or no client asks any more; a
   * client may ask again
   * @throws SessionTextError where the stored text cannot be read: the session is lost
   */
  claim(id: string, request?: ClaimRequest): Promise<Session<C> | undefined>;
  /**
   * Notes that the client of a session that this server owns is back. From now on the stored text is out of date,
   * unless each step is saved (`writeThrough`): a crash of this server ends the session.
   * @param claim the client's claim
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another server owns the session by now,
   * `ERR_JSTP_SESSION_BUSY` where the client has made a later claim at another server
   */
  revive(id: string, claim?: SessionClaim): Promise<void>;
  /**
   * Writes a session that this server owns. A write that the store executes after a later one must change nothing.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another server owns the session by now
   */
  save(id: string, session: Session<C>): Promise<void>;
  /** Writes a session and gives up owning it: the next claim of any server gets it. */
  release(id: string, session: Session<C>): Promise<void>;
  /** Deletes a session that has ended. */
  delete(id: string): Promise<void>;
}

/** Whether several servers can share a store. */
export function isShared<C>(
  provider: SessionStorageProvider<C>,
): provider is SharedSessionStorageProvider<C> {
  return typeof (provider as Partial<SharedSessionStorageProvider<C>>).claim === 'function';
}
