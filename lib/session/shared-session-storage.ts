import type { Session } from './session.js';
import type { SessionStorageProvider } from './session-storage.js';

/** A server, as a store that is shared by several sees it. */
export interface SessionOwner {
  /**
   * Another server asks for a session. The owner finishes what it is doing for it, then calls the store's
   * `release`; the Promise ends after that, or at once where it does not have the session.
   */
  handOver(id: string): Promise<void>;
  /** Another server has the session now, as this one's lease had run out: nothing is done for it any more. */
  lost(id: string): void;
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
   * @returns the session; undefined where there is none, or where it was lost with its owner
   * @throws JstpError `ERR_JSTP_SESSION_BUSY` where the owner does not hand over in time; the client may ask again
   * @throws SessionTextError where the stored text cannot be read: the session is lost
   */
  claim(id: string): Promise<Session<C> | undefined>;
  /**
   * The client of a session that this server owns is back: what the store has of it no longer holds, unless each
   * step is stored (`writeThrough`). The end of this server would be the session's, too.
   * @throws JstpError `ERR_JSTP_SESSION_NOT_OWNED` where another owns it by now
   */
  revive(id: string): Promise<void>;
  /**
   * Writes a session that this server owns.
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
