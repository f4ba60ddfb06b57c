import type { ClientEventArguments } from '../connection/keeper/client-events.js';

/**
 * What a page may show of its client's connection:
 * - 'idle': nobody has asked for a connection yet, or the page rests in the back/forward cache
 * - 'connecting': an attempt is under way
 * - 'connected': logged in
 * - 'waiting': the next attempt comes in {@link PageClient.retryInMs} milliseconds
 * - 'taken': another client has the session; this one does nothing until `connect` is called
 * - 'closed': `close` was called
 */
export type PageClientStatus = 'idle' | 'connecting' | 'connected' | 'waiting' | 'taken' | 'closed';

/** The events of a {@link PageClient} and the arguments of their listeners. */
export interface PageClientEvents extends ClientEventArguments {
  /** The status has changed. */
  status: [status: PageClientStatus];
  /**
   * The server has refused to let the client in, for example for a wrong password. What waits for a connection has failed
   * with the error. Attempts go on: close the client where the next login would be no better.
   */
  refused: [error: unknown];
}
