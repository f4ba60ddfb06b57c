import { isThenable } from '../util/callback.js';
import { SessionTextError } from './session-text-error.js';
import { Session } from './session.js';
import { isShared } from './shared-session-storage.js';

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

/** Asks a provider for a session and calls back exactly once, whichever way the provider answers. */
export function loadSession<C>(
  provider: SessionStorageProvider<C>,
  id: string,
  callback: (error: unknown, session?: Session<C>) => void,
): void {
  let answered = false;
  const answer = (error: unknown, session?: unknown): void => {
    if (answered) return;
    answered = true;
    if (error) callback(error);
    else if (session === undefined || session === null) callback(null);
    else if (session instanceof Session) callback(null, session as Session<C>);
    else callback(new SessionTextError('the session storage provider gave something that is no Session'));
  };
  const found = (session: unknown): void => {
    answer(null, session);
  };
  let result: unknown;
  let isAsync: boolean;
  try {
    isAsync = provider.isAsync?.() === true && !isShared(provider);
    result = isShared(provider) ? provider.claim(id) : provider.get(id, found);
  } catch (error) {
    answer(error);
    return;
  }
  if (isThenable(result)) result.then(found, answer);
  else if (!isAsync) found(result);
}

/** Makes a provider forget a session that has ended; its failures go to the callback. */
export function forgetSession<C>(
  provider: SessionStorageProvider<C>,
  id: string,
  onError: (error: unknown) => void,
): void {
  const forget = async (): Promise<void> => {
    await provider.delete?.(id);
  };
  forget().catch(onError);
}

/** Hands a session that has lost its connection to a provider; its failures go to the callback. */
export function storeSession<C>(
  provider: SessionStorageProvider<C>,
  session: Session<C>,
  onError: (error: unknown) => void,
): void {
  const store = async (): Promise<void> => {
    await provider.set(session.id, session);
    await provider.setInactive?.(session.id);
  };
  // A synchronous provider has stored before this returns: the first statement of an async function runs at once.
  store().catch(onError);
}
