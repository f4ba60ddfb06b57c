import type { Callback } from '../../util/callback.js';
import type { AppSpecifier, Connection } from '../connection.js';
import type { Reporter } from '../reporter.js';
import type { Dialer } from '../transport.js';

/** How a connection was dialled. */
export interface DialedAs {
  readonly app: AppSpecifier;
  readonly transportName: string;
  readonly args: readonly unknown[];
}

/** Brings a lost connection back without being told, where somebody else does not: its redialer tells it what happens. */
export interface Comeback {
  /** Whether it has made the attempt under way, and makes the next one if that fails. */
  readonly isTrying: boolean;
  /** The handshake is done. */
  connected(): void;
  /**
   * The transport is lost.
   * @param isMoving whether the server has said that its client is to come back at once
   */
  lost(isMoving: boolean): void;
  /** The server has refused the session as lost. */
  sessionLost(): void;
  /**
   * An attempt is about to begin.
   * @param isArmed whether the loss of the transport would have called {@link lost}
   */
  interrupted(isArmed: boolean): void;
  /** An attempt begins. @param isOwn whether it was made here */
  begun(isOwn: boolean): void;
  /** The attempt under way has ended. */
  ended(): void;
  /**
   * An attempt has failed, and no other is under way.
   * @param isMissed whether the connection has neither a transport nor ended
   */
  failed(isMissed: boolean): void;
  /** Makes no attempt that is to come. */
  callOff(): void;
  /** The same, and forgets what was interrupted. */
  stop(): void;
}

/** What a comeback asks of its redialer. */
export interface ComebackHost {
  readonly owner: Pick<Reporter, 'announce' | 'guard'> & { readonly connection: Connection };
  readonly dialedAs: DialedAs;
  /** Whether nothing is dialled any more, until the user does. */
  readonly isStopped: boolean;
  /** Whether the server has refused the session as lost, and the next attempt logs in. */
  readonly isSessionLost: boolean;
  /** The attempt under way. */
  readonly attempt: object | undefined;
  /** Begins an attempt. @param isOwn whether the comeback makes it */
  redial(dialer: Dialer, args: readonly unknown[], done: Callback, isOwn: boolean): void;
  /** Ends the attempt under way. */
  cancel(): void;
}
