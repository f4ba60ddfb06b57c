import type { Session } from './session.js';

/**
 * Where a server keeps the sessions of clients that are away. `get` answers in one of three ways: with
 * the session, with a Promise of it, or (where `isAsync()` is true) by calling back.
 */
export interface SessionStorageProvider<C = unknown> {
  /** Whether `get` answers by its callback. Default: false. */
  isAsync?(): boolean;
  /** The session of an id, or undefined (null) where there is none. Called once for each resume. */
  get(
    id: string,
    callback?: (session: Session<C> | null | undefined) => void,
  ): Session<C> | null | undefined | void | PromiseLike<Session<C> | null | undefined>;
  /** Keeps a session; called each time a connection ends. */
  set(id: string, session: Session<C>): unknown;
  /** Forgets a session that one side has ended (`bye`). */
  delete?(id: string): unknown;
  /** Told after `set` that the session has no connection. */
  setInactive?(id: string): unknown;
}
