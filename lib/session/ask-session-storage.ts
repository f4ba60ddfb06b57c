import { isThenable } from '../util/callback.js';
import { SessionTextError } from './session-text-error.js';
import type { SessionStorageProvider } from './session-storage.js';
import { Session } from './session.js';
import { isShared } from './shared-session-storage.js';

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
