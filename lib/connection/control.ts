import type { ApplicationLike } from '../application/application.js';
import type { RemoteError } from '../protocol/remote-error.js';
import type { Session } from '../session/session.js';
import type { Callback } from '../util/callback.js';
import type { OutgoingCalls } from './calls/outgoing-calls.js';
import type { UnsentMessage } from './channel/outbox.js';
import type { Dialer, Transport } from './transport.js';

/** What a server decides on a handshake that it accepts. */
export interface Admission<C> {
  /** The new session, or the one that is resumed. */
  readonly session: Session<C>;
  /** The application that serves the client. */
  readonly application: ApplicationLike<C>;
  /** What the client has received, where it resumes; undefined for a new session. */
  readonly receivedCount?: number | undefined;
  /** Stores the session, where each step must be stored before it is acted on. */
  readonly save?: (() => Promise<void>) | undefined;
  /** The largest message in bytes that the client takes; undefined: it has not told. */
  readonly peerMaxBytes: number | undefined;
}

/** Why a session goes on without a connection: its client is sent away, or another connection has claimed it. */
export type LeaveReason = 'moved' | 'taken';

/** Takes over the calls of another connection that wait for an answer. */
export interface CallHeir {
  adoptCalls(calls: OutgoingCalls): void;
}

/**
 * What the rooms above may ask of a connection besides its public API: `server/` decides on handshakes and moves
 * sessions, `nest/` keeps a client connected. {@link controlOf} gives it.
 *
 * @typeParam C the connection's own type
 */
export interface ConnectionControl<C> {
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
  /** Ends the connection without a word to the peer. */
  abandon(): void;

  /** Server: the policy decides now; another message of the peer ends the connection. */
  awaitDecision(application: ApplicationLike<C>): void;
  /** Server: names the user of a session before the policy decides on its resume. */
  presume(username: string | null): void;
  /** Server: lets a client in, or back in. The answer goes out first, then what the client has missed. */
  admit(admission: Admission<C>): void;
  /** Server: refuses the handshake and ends the connection. */
  refuse(error: unknown): void;
  /** Server: serves the client by another application from now on. */
  changeApplication(application: ApplicationLike<C>): void;

  /** Server: gives the transport away; what was read of it and not served is dropped. */
  detach(): Transport | null;
  /** Server: goes on with another transport. The peer at the present one hears 'taken'. */
  replaceTransport(transport: Transport | null): void;
  /**
   * Server: begins nothing new and waits for what is in service. What that needs is read on.
   * @param timeoutMs how long calls may take
   * @param storeTimeoutMs how long the store may take before the calls, and again after them
   * @param streamCode ends streams that have not ended by themselves; undefined: they get the time of calls
   */
  finishServing(timeoutMs: number, storeTimeoutMs: number, streamCode?: number): Promise<void>;
  /** Server: undoes {@link finishServing}; the session stays. */
  resumeServing(): void;
  /** Server: the session goes on without this connection, whose client is told why. */
  leave(reason: LeaveReason): void;
  /** Server: the client has not come back in time. */
  expire(): void;
  /** Server: the session ends because more waits for the client than may. */
  overflow(error: RemoteError): void;
  /** Server: the session ends because of an error of this side. */
  endSession(error: Error): void;
  /** The session goes on with another connection of this process, which gets the calls that wait for the transport. */
  passSessionTo(heir: CallHeir): void;

  /** Client: how many calls wait for an answer. */
  readonly pendingCalls: number;
  /** Client: how many messages of this side the peer is known to have received. */
  readonly acknowledgedCount: number;
  /** Client: fails the calls under way with -1; a peer that comes back hears that they are cancelled. @returns how many */
  abandonCalls(): number;
  /** Client: what never went out in a session that was just lost; who takes it sends it, or ends its calls. */
  takeUnsent(): readonly UnsentMessage[];
  /** Client: sends what never went out in another session. */
  sendUnsent(messages: readonly UnsentMessage[]): void;
  /** Client: asks for the names of an interface's methods. */
  listMethods(interfaceName: string, callback: Callback<[methods?: string[]]>): void;
  /** Client: dials, moves to the new transport and resumes the session there, or says why not. */
  redial(dialer: Dialer, args: readonly unknown[], callback: Callback): void;
  /** Client: dials no more by itself. */
  stopRedialling(): void;
}

/** The key under which a connection has its {@link ConnectionControl}. */
export const CONTROL = Symbol('control');

/** A connection, as far as its control is concerned. */
export interface Controlled<C> {
  readonly [CONTROL]: ConnectionControl<C>;
}

/** What may be driven of a connection besides its public API. */
export function controlOf<C extends Controlled<C>>(connection: C): ConnectionControl<C> {
  return connection[CONTROL];
}
