import type { Session } from './session.js';

/**
 * A store for the sessions of clients that are away. `get` answers in one of three ways: it returns the session, it
 * returns a Promise of it, or (where `isAsync()` is true) it calls back.
 */
export interface SessionStorageProvider<C = unknown> {
  /** Whether `get` answers by its callback. @default false */
  isAsync?(): boolean;
  /** Finds the session of an id; undefined or null where there is none. Called once for each resume. */
  get(
    id: string,
    callback?: (session: Session<C> | null | undefined) => void,
  ): Session<C> | null | undefined | void | PromiseLike<Session<C> | null | undefined>;
  /** Stores a session. Called each time a client loses its connection. */
  set(id: string, session: Session<C>): unknown;
  /** Deletes a session that has ended: one side has said `bye`, or nothing would be lost with it. */
  delete?(id: string): unknown;
  /**
   * Notes that the session has no connection: its lifetime in the store starts. Called after `set`, and after a `get` for a
   * resume that was refused.
   */
  setInactive?(id: string): unknown;
  /**
   * Tells whether the store can be reached: throws, or rejects, where it cannot. Asked by health checks alone, see
   * `Server.checkStores`. A store without it counts as one that can.
   */
  ping?(): unknown;
}
