import type { ApplicationLike } from '../application/application.js';
import { formatHandshakeError, formatHandshakeOk } from '../protocol/format-message.js';
import { DEFAULT_MESSAGES, ERR_SERVER_CLOSING } from '../protocol/error-codes.js';
import { RemoteError } from '../protocol/remote-error.js';
import { startPatientTimer, stopTimer } from '../util/timer.js';
import type { Refusal } from './calls/call-fault.js';
import type { ReceivedCall } from './calls/received-call.js';
import type { ReceivedCalls } from './calls/received-calls.js';
import { FINISHING } from './channel/session-channel.js';
import { StoreGate } from './channel/store-gate.js';
import type { Connection } from './connection.js';
import { toAnswer } from './extensions.js';
import { LeavingTransport } from './leaving-transport.js';
import { lifecycleOf, type Lifecycle, type Opening } from './lifecycle.js';
import { HANDSHAKING } from './state.js';

/*
 * What a server does with its connections besides what `control.ts` has for both sides. Why apart: a browser is never
 * one, and need not load it.
 */

/** The error of a call that comes when its server is closing. With its text, which peers of other packages do not have. */
const CLOSING: Refusal = [ERR_SERVER_CLOSING, DEFAULT_MESSAGES[ERR_SERVER_CLOSING]];

/** What a server decides on a handshake that it accepts. */
export interface Admission extends Opening {
  /** The application that serves the client. */
  readonly application: ApplicationLike<Connection>;
  /** Stores the session, where each step must be stored before it is acted on. */
  readonly save?: (() => Promise<void>) | undefined;
}

/** Lets the policy decide; another message of the peer ends the connection meanwhile. */
export function awaitDecision(connection: Connection, application: ApplicationLike<Connection>): void {
  lifecycleOf(connection).setState(HANDSHAKING);
  connection.application = application;
}

/** Names the user of a session before the policy decides on its resume. */
export function presumeUser(connection: Connection, username: string | null): void {
  lifecycleOf(connection).username = username;
}

/** Lets a client in, or back in. The answer goes out first, then what the client has missed. */
export function admit(connection: Connection, admission: Admission): void {
  const lifecycle = lifecycleOf(connection);
  const { session, receivedCount, terms, save } = admission;
  // What waits to be stored may still be given up: the client must keep it.
  const isKept = session === lifecycle.session && lifecycle.keepsAnswers;
  const gate = isKept ? lifecycle.channel.gate : undefined;
  const count = gate?.actedCount(session.receivedCount) ?? session.receivedCount;
  const ok = receivedCount === undefined ? session.id : count;
  // Only a client that has told its limit expects to hear one.
  const maxBytes = terms.peerMaxBytes === undefined ? undefined : lifecycle.limits.maxMessageBytes;
  const answer = formatHandshakeOk(0, ok, toAnswer(session.binding?.extensions ?? [], terms, maxBytes));
  if (save) openGate(lifecycle, save);
  lifecycle.openSession(admission, answer);
  lifecycle.announce('client', session, connection);
}

/** Refuses a handshake and ends the connection. Nothing that follows is read. */
export function refuse(connection: Connection, error: unknown): void {
  const lifecycle = lifecycleOf(connection);
  if (!lifecycle.wire.transport) return;
  lifecycle.wire.write(formatHandshakeError(0, RemoteError.getJstpArrayFor(error)));
  lifecycle.end('abandoned');
}

/** Moves a newcomer's transport to the connection that holds the session. The peer at its present one hears 'taken'. */
export function moveTransport(newcomer: Connection, holder: Connection): void {
  const transport = lifecycleOf(newcomer).detach();
  const lifecycle = lifecycleOf(holder);
  lifecycle.sayBye('taken');
  const old = lifecycle.detach();
  if (old) new LeavingTransport(old, lifecycle.limits, lifecycle.sendMeter);
  if (transport) lifecycle.attach(transport);
}

/** Whether nothing is under way on a connection: no call, no event and no stream of either side. */
export function isIdle(connection: Connection): boolean {
  return lifecycleOf(connection).isIdle;
}

/**
 * Begins nothing new and waits for what is in service. What that needs is read on.
 * @param timeoutMs how long calls may take
 * @param storeTimeoutMs how long the store may take before the calls, and again after them
 * @param streamCode ends streams that have not ended by themselves; undefined: they get the time of calls
 */
export async function finishServing(
  connection: Connection,
  timeoutMs: number,
  storeTimeoutMs: number,
  streamCode?: number,
): Promise<void> {
  const { channel } = lifecycleOf(connection);
  const { receivedCalls } = channel;
  // First. Why: a stream that ends makes room for a call that waits, which must not begin here any more.
  channel.setHolds(channel.holds | FINISHING);
  if (streamCode !== undefined) endStreams(receivedCalls, streamCode);
  const isStored = (await channel.gate?.idle(storeTimeoutMs)) ?? true;
  // A store that is away would not take what the calls bring either.
  if (!isStored || (channel.holds & FINISHING) === 0) return;
  await idle(receivedCalls, timeoutMs);
  await channel.gate?.idle(storeTimeoutMs);
}

/** How a connection is used. */
export interface ConnectionUse {
  /** Whether the client has sent anything but pings since this was asked the last time. */
  readonly hasHeard: boolean;
  /** Whether calls of either side, or handlers of events, are under way. */
  readonly isBusy: boolean;
  /** How many calls and events the server has sent. */
  readonly sent: number;
}

/** Tells how a connection is used. */
export function useOf(connection: Connection): ConnectionUse {
  const { channel } = lifecycleOf(connection);
  return { hasHeard: channel.activity.takeHeard(), isBusy: channel.isBusy, sent: channel.sentCount };
}

/** Returns the calls of the client that are being served. Makes nothing where there are none. */
export function servedCalls(connection: Connection): readonly ReceivedCall[] {
  const lifecycle = lifecycleOf(connection);
  return lifecycle.servedCount > 0 ? lifecycle.channel.receivedCalls.all() : [];
}

/** Tells how many calls and events of the client are being served. */
export function servedCountOf(connection: Connection): number {
  return lifecycleOf(connection).servedCount;
}

/** Tells how many bytes wait to be written to the transport. */
export function waitingBytesOf(connection: Connection): number {
  return lifecycleOf(connection).wire.transport?.waiting ?? 0;
}

/** Cuts the transport of a connection, as a network that is lost would. The session stays. */
export function cutTransport(connection: Connection): void {
  lifecycleOf(connection).wire.transport?.destroy();
}

/**
 * Ends the transport of a connection. The session stays, and its client may come back with it. Where its calls would not
 * survive that, they get their time first, and nothing new is begun.
 * @param isMove whether the client is told to come back at once
 * @param timeoutMs how long calls may take
 * @param storeTimeoutMs how long the store may take before the calls, and again after them
 */
export async function sendAway(
  connection: Connection,
  isMove: boolean,
  timeoutMs: number,
  storeTimeoutMs: number,
): Promise<void> {
  const lifecycle = lifecycleOf(connection);
  const { wire, keepsAnswers } = lifecycle;
  const { transport } = wire;
  if (!keepsAnswers) await finishServing(connection, timeoutMs, storeTimeoutMs);
  if (wire.transport === transport && lifecycle.isOpen) {
    if (isMove) lifecycle.sayBye('moved');
    wire.end();
  }
  if (!keepsAnswers) resumeServing(connection);
}

/** Undoes {@link finishServing}: the session stays. */
export function resumeServing(connection: Connection): void {
  const { channel } = lifecycleOf(connection);
  channel.gate?.tellIdle();
  channel.receivedCalls.onIdle?.();
  channel.setHolds(channel.holds & ~FINISHING);
}

/**
 * Begins to end a connection whose session ends with this server: the client is told, and its new calls are refused.
 * @param streamCode ends streams that have not ended by themselves; undefined: they get the time of calls
 */
export function beginLeaving(connection: Connection, streamCode: number | undefined): void {
  const lifecycle = lifecycleOf(connection);
  const { receivedCalls } = lifecycle.channel;
  // First: what the client hears, it may act on at once.
  receivedCalls.refusal = CLOSING;
  lifecycle.sayDrain();
  if (streamCode !== undefined) endStreams(receivedCalls, streamCode);
}

/** Whether nothing is under way on a connection that is being ended, and all that it has to send is on its way. */
export function isDone(connection: Connection): boolean {
  const { isOpen, channel } = lifecycleOf(connection);
  if (channel.receivedCalls.load > 0) return false;
  // Nobody can come back for what is sent now.
  if (!isOpen) return true;
  const { outbox } = channel;
  return !outbox.calls.hasCalls && !outbox.isBehind && !channel.isHoldingReading;
}

/** Whether a client tells what it has received. */
export function tellsArrival(connection: Connection): boolean {
  const { isOpen, keepsAnswers } = lifecycleOf(connection);
  return isOpen && keepsAnswers;
}

/** Whether all that was sent to a client has arrived, as far as it has told. */
export function hasArrived({ session }: Connection): boolean {
  return session?.journal.size === 0;
}

/** Asks a client to tell what it has received. The callback runs when it has; where the transport is lost, perhaps never. */
export function askForArrival(connection: Connection, callback: () => void): void {
  lifecycleOf(connection).channel.outbox.ping(callback);
}

/** Ends the streams whose sources have not ended with a code, and aborts the signals of their handlers. */
function endStreams(calls: ReceivedCalls, code: number): void {
  for (const call of calls.all()) {
    if (call.stream?.isEndless) call.endWith(code);
  }
}

/** Waits until no call and no event is being served, or the time (in milliseconds) is over. */
async function idle(calls: ReceivedCalls, timeoutMs: number): Promise<void> {
  if (calls.size === 0) return;
  await new Promise<void>((resolve) => {
    const timer = startPatientTimer(timeoutMs, resolve);
    calls.onIdle = () => {
      stopTimer(timer);
      resolve();
    };
  });
}

/** Stores each step from now on before it is acted on. */
function openGate(lifecycle: Lifecycle, save: () => Promise<void>): void {
  const { channel, limits } = lifecycle;
  // A replaced transport leaves its gate to the next one: what has come first still waits in it.
  channel.gate ??= new StoreGate(
    save,
    limits.maxCallsInFlight,
    () => {
      channel.balanceReading();
    },
    (error) => {
      lifecycle.reportError(error);
    },
  );
}
