import type { Callback } from '../util/callback.js';
import type { OutgoingCalls } from './calls/outgoing-calls.js';
import type { TerminationReason } from './termination.js';
import type { Dialer } from './transport.js';

/** Takes over the calls of another connection that wait for an answer. */
export interface CallHeir {
  adoptCalls(calls: OutgoingCalls): void;
}

/**
 * What the rooms above may ask of a connection besides its public API; {@link controlOf} gives it. `serving.ts` and
 * `client-control.ts` have what a server and Nest's client do besides.
 */
export interface ConnectionControl {
  /** Whether messages flow now. */
  readonly isOpen: boolean;
  /** Whether the connection has ended. */
  readonly isClosed: boolean;
  /** Whether one side has said that the session ends with this connection. */
  readonly isSessionOver: boolean;
  /** Runs the user's code; what it throws or rejects with is reported and goes no further. */
  guard(run: () => unknown): void;
  /** Reports an error of the user's code: it never vanishes and never ends the process. */
  reportError(error: unknown): void;
  /** Ends the connection; `termination.ts` tells what each reason means. */
  end(reason: TerminationReason): void;
  /**
   * Ends the session for good, and the connection with it.
   * @param error why, for this side's log; undefined: that is told in another way
   * @param info what the peer is told of the reason
   */
  endSession(error?: Error, info?: string): void;
  /** The session goes on with another connection of this process, which gets the calls that wait for the transport. */
  passSessionTo(heir: CallHeir): void;

  /** Client: dials, moves to the new transport and resumes the session there, or says why not. */
  redial(dialer: Dialer, args: readonly unknown[], callback: Callback): void;
}

/** The key under which a connection has its {@link ConnectionControl}. */
export const CONTROL = Symbol('control');

/** A connection, as far as its control is concerned. */
export interface Controlled {
  readonly [CONTROL]: ConnectionControl;
}

/** What may be driven of a connection besides its public API. */
export function controlOf(connection: Controlled): ConnectionControl {
  return connection[CONTROL];
}
