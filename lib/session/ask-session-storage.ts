import { isThenable } from '../util/callback.js';
import { SessionTextError } from './session-text-error.js';
import type { SessionStorageProvider } from './session-storage.js';
import { Session } from './session.js';
import { isShared } from './shared-session-storage.js';

/** Loads a session from a provider. Calls back once, by whichever of the three ways the provider answers. */
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

/** Deletes a session that has ended from a provider. A failure goes to the callback. */
export function deleteSession<C>(
  provider: SessionStorageProvider<C>,
  id: string,
  onError: (error: unknown) => void,
): void {
  const deleteNow = async (): Promise<void> => {
    await provider.delete?.(id);
  };
  deleteNow().catch(onError);
}

/** Stores a session that has lost its connection with a provider. A failure goes to the callback. */
export function storeSession<C>(
  provider: SessionStorageProvider<C>,
  session: Session<C>,
  onError: (error: unknown) => void,
): void {
  const store = async (): Promise<void> => {
    // In this order: `setInactive` is told of a session that is stored.
    await provider.set(session.id, session);
    await provider.setInactive?.(session.id);
  };
  // Why an async function: its first statement runs at once, so that a synchronous provider has stored before the
  // return.
  store().catch(onError);
}

/** Tells a provider that a session that it was asked for has no connection after all. A failure goes to the callback. */
export function giveBackSession<C>(
  provider: SessionStorageProvider<C>,
  id: string,
  onError: (error: unknown) => void,
): void {
  const giveBack = async (): Promise<void> => {
    await provider.setInactive?.(id);
  };
  giveBack().catch(onError);
}
