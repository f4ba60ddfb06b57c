import type { ApplicationLike } from '../../application/application.js';
import type { WrittenMessage } from '../../protocol/attached-message.js';
import { ERR_CALLBACK_LOST } from '../../protocol/error-codes.js';
import {
  formatCall,
  formatCallbackError,
  formatCancel,
  formatEvent,
  formatPing,
  formatStreamCredit,
  renumber,
} from '../../protocol/format-message.js';
import type { Limits } from '../../protocol/limits.js';
import type { Metadata } from '../../protocol/message.js';
import type { MessageHead } from '../../protocol/message-head.js';
import { JOURNAL_FULL_INFO } from '../../protocol/refusal-info.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Journal } from '../../session/journal.js';
import { NO_CALLS } from '../../session/live-session.js';
import type { Session } from '../../session/session.js';
import type { Callback } from '../../util/callback.js';
import { afterContinuations } from '../../util/host.js';
import {
  answerCall,
  type OutgoingCall,
  type OutgoingCalls,
  type SourceChannel,
} from '../calls/outgoing-calls.js';
import { INITIAL_STREAM_CREDIT } from '../calls/stream-credit.js';
import { sourcePlaces } from '../calls/outgoing-sources.js';
import { streamArgumentError } from '../calls/stream-argument-error.js';
import type { RemoteProxy } from '../calls/remote-proxy.js';
import type { InFlight } from '../calls/in-flight.js';
import { ReceivedCalls, type ReceivedCallsOwner } from '../calls/received-calls.js';
import type { ConnectionChannel } from '../connection-channel.js';
import type { Connection } from '../connection.js';
import type { Extensions } from '../extensions.js';
import { observeCall, observeEmit } from '../observing/observe-sending.js';
import type { CallMeter } from '../observing/call-meter.js';
import { watches } from '../observing/observers.js';
import type { Reporter } from '../reporter.js';
import type { ServerSide } from '../server-side.js';
import type { Wire } from '../wire.js';
import { endCancelled, fail, failCall, journalFull } from './failures.js';
import { inspectInterface, listMethods } from './list-methods.js';
import { mayOvertake, TRANSPORT_PING } from './overtaking.js';
import { PeerActivity } from './peer-activity.js';
import { Outbox, type OutboxOwner, type UnsentMessage } from './outbox.js';
import type { StoreGate } from './store-gate.js';
import { moveSources, sendStreamingCall } from './streaming-call.js';

/** Why nothing new is served, as bits of {@link SessionChannel.holds}: the session is about to leave. */
export const FINISHING = 1;
/** The same: too much waits to be sent. */
const CONGESTED = 2;
/** The same: a caller who awaits what has just come has not gone on yet. One for each caller. */
const CALLER = 4;

/** What a channel asks of its connection. */
export interface ChannelOwner extends Pick<Reporter, 'guard' | 'reportError' | 'tell'> {
  readonly connection: Connection;
  /** The server, on its side; null on a client's. */
  readonly serverSide: ServerSide | null;
  readonly wire: Wire;
  readonly limits: Limits;
  /** Counts calls and events; undefined: nobody has asked for that. */
  readonly callMeter: CallMeter | undefined;
  readonly session: Session<Connection> | null;
  readonly application: ApplicationLike<Connection> | null;
  readonly extensions: Extensions;
  /** Whether messages flow now. */
  readonly isOpen: boolean;
  /** Whether the connection has ended. */
  readonly isClosed: boolean;
  /** Whether one side has said that the session ends with this connection. */
  readonly isSessionOver: boolean;
  /** Ends the session for good. @param info what the peer is told of the reason */
  endSession(error: Error, info?: string): void;
}

/**
 * What goes over a session, whichever transport it has: numbers, the journal, calls of both sides, and the gate that
 * holds back what must be stored first. Made with the first message: most connections of a server are idle.
 */
export class SessionChannel implements ConnectionChannel, OutboxOwner, ReceivedCallsOwner, SourceChannel {
  // Made with the first message that is sent, and the first call that is received.
  private ownOutbox: Outbox | undefined;
  private ownReceivedCalls: ReceivedCalls | undefined;
  /** Texts that go out behind what the next resume sends again. */
  private afterResume: string[] | undefined;
  /** Holds back what must be stored first; undefined where nothing must. */
  gate: StoreGate | undefined;
  /** The peer's interfaces that were inspected, by name. */
  private proxies: Record<string, RemoteProxy> | undefined;
  /** Why nothing new is served: {@link FINISHING}, {@link CONGESTED}, and a {@link CALLER} for each. {@link setHolds} changes it. */
  holds = 0;
  readonly activity = new PeerActivity();
  readonly callMeter: CallMeter | undefined;

  constructor(private readonly owner: ChannelOwner) {
    this.callMeter = owner.callMeter;
  }

  get connection(): Connection {
    return this.owner.connection;
  }

  get application(): ApplicationLike<Connection> | null {
    return this.owner.application;
  }

  get journal(): Journal | undefined {
    return this.owner.session?.journal;
  }

  get isOpen(): boolean {
    return this.owner.isOpen;
  }

  get isClosed(): boolean {
    return this.owner.isClosed;
  }

  get inFlight(): InFlight | undefined {
    return this.owner.serverSide?.inFlight;
  }

  /** Whether too much is under way for one more call or event, of so many bytes, of a peer that has gone. */
  isTooMuch(kind: 'call' | 'event', bytes: number): boolean {
    const { inFlight } = this;
    const { wire } = this.owner;
    // A server goes seldom, and with a bye that its client has to hear: a client serves what came before that.
    if (!inFlight || !wire.isEnding) return false;
    // Why calls alone: nobody waits for their answers any more, but a peer may well send events, and go.
    if (kind === 'call' && this.receivedCalls.isAtLimit) return true;
    return inFlight.isTooMuchFor(wire.remoteAddress, bytes);
  }

  get isPeerAway(): boolean {
    return this.owner.serverSide !== null && !this.owner.isOpen;
  }

  get extensions(): Extensions {
    return this.owner.extensions;
  }

  get keepsAnswers(): boolean {
    return this.owner.extensions.resume;
  }

  /** What this side sends with a number, and the answers between. */
  get outbox(): Outbox {
    return (this.ownOutbox ??= this.createOutbox());
  }

  /** What the peer calls. */
  get receivedCalls(): ReceivedCalls {
    return (this.ownReceivedCalls ??= this.createReceivedCalls());
  }

  /** The calls of this side that wait for an answer. */
  get outgoingCalls(): OutgoingCalls {
    return this.outbox.calls;
  }

  private createOutbox(): Outbox {
    this.countJournal();
    return new Outbox(this, this.owner.serverSide ? -1 : 1, this.owner.limits);
  }

  /** Counts what the journal holds with that of the server's other sessions. Without an outbox nothing is journaled. */
  private countJournal(): void {
    const { serverSide } = this.owner;
    if (serverSide) this.journal?.countIn(serverSide.journalCounterOf(this.connection));
  }

  private createReceivedCalls(): ReceivedCalls {
    const { session, connection, limits } = this.owner;
    const calls = new ReceivedCalls(this, limits);
    if (session?.connection === connection) session.serving = calls;
    return calls;
  }

  // Receiving

  /** Counts a numbered message of the peer; false: it has been here before, and must not be served again. */
  countReceived(id: number): boolean {
    const { session } = this.owner;
    const number = Math.abs(id);
    if (!session || (this.keepsAnswers && number <= session.receivedCount)) return false;
    session.receivedCount = number;
    return true;
  }

  /** Whether calls of either side, or handlers of events, are under way. */
  get isBusy(): boolean {
    return (this.ownReceivedCalls?.size ?? 0) > 0 || this.ownOutbox?.calls.hasCalls === true;
  }

  /** How many numbered messages this side has sent, pings left out. */
  get sentCount(): number {
    return this.ownOutbox?.sentCount ?? 0;
  }

  whenStored(run: () => void, received?: number): void {
    if (this.gate) this.gate.run(run, received);
    else run();
  }

  /** Whether so much is under way that nothing is read. */
  get isHoldingReading(): boolean {
    return this.holds > 0 || this.ownReceivedCalls?.isHolding === true || this.gate?.isFull === true;
  }

  /** Whether a message belongs to what is under way, and need not wait for what came before it. */
  mayOvertake(message: MessageHead, bytes: number): boolean {
    // A caller goes on in a moment: the order is kept.
    return this.holds < CALLER && mayOvertake(message, this.ownReceivedCalls, this.keepsAnswers, bytes);
  }

  /** Whether a message is acted on though the transport has ended. If not, neither is what follows. */
  mayFinish({ kind }: MessageHead, bytes: number): boolean {
    if (kind !== 'call' && kind !== 'event') return true;
    // What is sent again need not begin beyond the limit; and the answer to a call had to wait for the peer.
    if (this.keepsAnswers && (kind === 'call' || this.receivedCalls.isAtLimit)) return false;
    return !this.isTooMuch(kind, bytes);
  }

  holdForCaller(): void {
    this.setHolds(this.holds + CALLER);
    afterContinuations(() => {
      this.setHolds(this.holds - CALLER);
    });
  }

  /** Serves nothing new while there is a reason, see {@link holds}. */
  setHolds(holds: number): void {
    const hadCaller = this.holds >= CALLER;
    this.holds = holds;
    this.balanceReading();
    if (hadCaller && holds < CALLER) this.owner.wire.letOvertake();
  }

  /** Whether values of streams have to wait, as too much is unsent. */
  get isCongested(): boolean {
    return this.isOpen && this.owner.wire.isCongested;
  }

  /** Holds what can wait, or sends it, as what waits to be sent allows. */
  congestionChanged(): void {
    const { wire } = this.owner;
    if (wire.isCongested) this.ownOutbox?.hold();
    else this.ownOutbox?.goOn();
    this.balanceCongestion();
  }

  private balanceCongestion(): void {
    const { serverSide, wire } = this.owner;
    // Why a server alone: two sides that both serve nothing until the other one reads would wait for ever.
    if (serverSide) this.setCongested(wire.isCongested);
    if (!wire.isCongested) this.ownReceivedCalls?.flushStreams();
  }

  /** Serves nothing new while too much waits to be sent. */
  private setCongested(isCongested: boolean): void {
    this.setHolds(isCongested ? this.holds | CONGESTED : this.holds & ~CONGESTED);
  }

  letOvertake(ofCall?: number): void {
    this.owner.wire.letOvertake(ofCall);
  }

  balanceReading(): void {
    // Never a handshake: it would wait for calls that wait for it. {@link opened} looks again.
    this.owner.wire.holdServing(this.isOpen && this.isHoldingReading);
  }

  // Sending

  sendCall(
    call: OutgoingCall,
    interfaceName: string,
    methodName: string,
    args: unknown[],
    metadata?: Metadata,
  ): void {
    const { outbox, owner, callMeter } = this;
    let sent = metadata;
    if (watches.call.isOn) sent = observeCall(call, this, interfaceName, methodName, args, metadata);
    else if (callMeter !== undefined) call.observation = callMeter.call(interfaceName, methodName);
    const isForReturn = call.kind === 'resendable' && this.mayReturn;
    const refusal = outbox.refusal('call', methodName, isForReturn);
    if (refusal) {
      failCall(call, refusal);
      return;
    }
    try {
      const places = sourcePlaces(args);
      if (places) {
        const message = { interfaceName, methodName, args, places, metadata: sent };
        sendStreamingCall(this, call, message, owner.limits);
        return;
      }
      const id = outbox.nextId;
      outbox.commit(id, formatCall(id, interfaceName, methodName, args, sent, owner), call);
      this.limitStream(call);
    } catch (error) {
      failCall(call, error);
    }
  }

  cancelCall(call: OutgoingCall, reason?: RemoteError): void {
    const { outgoingCalls } = this;
    if (outgoingCalls.get(call.id) !== call) return;
    outgoingCalls.remove(call.id);
    if (call.sources !== undefined) call.sources.end(reason);
    this.sendCancel(call);
    endCancelled(call, reason);
  }

  /** Sends what never went out in another session, which is lost. */
  sendUnsent(messages: readonly UnsentMessage[]): void {
    const { outbox } = this;
    for (const { message, call } of messages) {
      try {
        if (call?.sources) moveSources(this, call);
        outbox.commit(outbox.nextId, renumber(message, outbox.nextId, this.extensions.bytes), call);
        if (call) this.limitStream(call);
      } catch (error) {
        if (call) failCall(call, error);
        else this.reportError(error);
      }
    }
  }

  sendEvent(interfaceName: string, eventName: string, args: unknown[], metadata?: Metadata): unknown {
    return watches.emit.isOn || this.callMeter
      ? observeEmit(this, interfaceName, eventName, args, metadata)
      : this.commitEvent(interfaceName, eventName, args, metadata);
  }

  /** Sends an event, which is not observed any more. */
  commitEvent(
    interfaceName: string,
    eventName: string,
    args: unknown[],
    metadata: Metadata | undefined,
  ): unknown {
    const { outbox, owner } = this;
    const refusal = outbox.refusal('event', eventName);
    if (refusal) return refusal;
    try {
      const places = sourcePlaces(args);
      if (places) return streamArgumentError(eventName, places[0], 'and an event has none');
      const id = outbox.nextId;
      outbox.commit(id, formatEvent(id, interfaceName, eventName, args, metadata, owner));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  get remoteProxies(): Record<string, RemoteProxy> {
    return (this.proxies ??= Object.create(null) as Record<string, RemoteProxy>);
  }

  /** The proxy of an interface, if it was inspected. */
  proxyOf(interfaceName: string): RemoteProxy | undefined {
    return this.proxies?.[interfaceName];
  }

  inspectInterface(interfaceName: string, callback: Callback<[proxy?: RemoteProxy]>): void {
    inspectInterface(this, interfaceName, callback);
  }

  /** Asks for the names of an interface's methods. */
  listMethods(interfaceName: string, callback: Callback<[methods?: string[]]>): void {
    listMethods(this.outbox, interfaceName, callback);
  }

  ping(callback: Callback<[]>): void {
    const refusal = this.outbox.fullness();
    if (refusal) fail(callback, refusal);
    else this.outbox.ping(callback);
  }

  /**
   * Asks whether the transport lives, and nothing else: by a ping without a number, which needs no room in the journal
   * and waits for no store. False: the peer knows none.
   */
  pingTransport(): boolean {
    if (this.keepsAnswers) this.owner.wire.write(formatPing(TRANSPORT_PING));
    return this.keepsAnswers;
  }

  get storesFirst(): boolean {
    return this.gate !== undefined;
  }

  writeNow(message: WrittenMessage): void {
    this.owner.wire.write(message);
  }

  get mustWait(): boolean {
    return this.owner.wire.isCongested;
  }

  get isFull(): boolean {
    return this.owner.wire.isFull;
  }

  /** Writes a message, if there is a transport; in an open session after that is stored, where it must be. */
  write(message: WrittenMessage): void {
    const { gate, owner } = this;
    if (!gate || !owner.isOpen) {
      owner.wire.write(message);
      return;
    }
    const { transport } = owner.wire;
    gate.run(() => {
      // On another transport it goes out again by the replay.
      if (transport === owner.wire.transport) owner.wire.write(message);
    });
  }

  keptForLater(): void {
    this.owner.serverSide?.sessionChanged(this.connection);
  }

  roomAgain(): void {
    this.ownReceivedCalls?.flushStreams();
  }

  overflow(): void {
    this.owner.endSession(journalFull(), JOURNAL_FULL_INFO);
  }

  cancelServing(callId: number): void {
    this.ownReceivedCalls?.cancel(callId);
  }

  guard(run: () => unknown): void {
    this.owner.guard(run);
  }

  tell(error: unknown): void {
    this.owner.tell(error);
  }

  reportError(error: unknown): void {
    this.owner.reportError(error);
  }

  sourceFailed(call: OutgoingCall, error: unknown): void {
    this.cancelCall(call, error instanceof RemoteError ? error : undefined);
    this.guard(() => {
      answerCall(call, error);
    });
  }

  /** The callee may send 64 values before it hears of credit; where that is too many, it hears at once. */
  limitStream(call: OutgoingCall): void {
    const { extensions, limits } = this.owner;
    if (limits.streamCredit >= INITIAL_STREAM_CREDIT || !extensions.stream) return;
    call.creditLimit = limits.streamCredit;
    if (this.keepsAnswers) this.outbox.sendCredit(call);
    else this.sendAfterResume(formatStreamCredit(this.outbox.wireId(call.id), limits.streamCredit));
  }

  /** Tells a peer that knows of cancels that nobody waits for a call any more. */
  sendCancel(call: OutgoingCall): void {
    if (!this.extensions.cancel) return;
    const text = formatCancel(this.outbox.wireId(call.id));
    if (this.keepsAnswers) this.outbox.sendAnswer(text);
    else this.sendAfterResume(text);
  }

  /** Writes a message now, or after the session is resumed. */
  private sendAfterResume(text: string): void {
    if (this.isOpen && !this.outbox.isBehind) this.write(text);
    else {
      this.afterResume ??= [];
      if (this.afterResume.length < this.owner.limits.maxPendingCalls) this.afterResume.push(text);
    }
  }

  // The session's moves

  /** The connection has got a session. */
  adopt(session: Session<Connection>): void {
    session.serving = this.ownReceivedCalls ?? NO_CALLS;
    if (this.ownOutbox) this.countJournal();
  }

  /** Messages flow: as many as what is under way allows. */
  opened(): void {
    // It may have been of the transport before.
    if (!this.owner.serverSide || (this.holds & CONGESTED) !== 0) this.balanceCongestion();
    // Also for a client that has called nothing yet, where all have to wait.
    const calls = this.inFlight?.abandoned.isCrowded ? this.receivedCalls : this.ownReceivedCalls;
    calls?.transportOpened();
    if (this.isHoldingReading) this.balanceReading();
  }

  /** Sends again what the peer has not received. */
  replay(receivedCount: number): void {
    this.outbox.replay(receivedCount);
    this.ownReceivedCalls?.repeatCredits();
  }

  caughtUp(): void {
    const texts = this.afterResume ?? [];
    this.afterResume = undefined;
    for (const text of texts) this.write(text);
  }

  /** Whether a connection that has ended can be brought back with its session. */
  get mayReturn(): boolean {
    return this.owner.session?.connection === this.connection && !this.owner.isSessionOver;
  }

  /** The transport was cut: what was written and has not arrived may be the reason. */
  noteCut(): void {
    this.ownOutbox?.noteCut();
  }

  /** Sends what waits in the journal, as the transport ends for good. */
  flush(): void {
    this.ownOutbox?.flush();
  }

  /** Drops what waits to be stored: it counts as not received, and the peer sends it again. */
  closeGate(): void {
    const { gate } = this;
    const { session } = this.owner;
    if (gate && session) session.receivedCount = gate.close(session.receivedCount);
  }

  /** Cancels the calls in service without an answer: none would be awaited. */
  cancelServed(): void {
    this.ownReceivedCalls?.cancelAll();
  }

  /**
   * Cancels the calls in service. Where the session goes on, their callers hear that the answers are lost, except of
   * calls that were never begun, and count as not received.
   */
  dropServed(): void {
    const dropped = this.ownReceivedCalls?.cancelAll();
    if (!dropped || this.owner.isSessionOver) return;
    const received = this.owner.session?.receivedCount ?? 0;
    this.loseAnswers(dropped.map(({ id }) => id).filter((id) => Math.abs(id) <= received));
  }

  /** Answers calls with -1: nobody can answer them any more. */
  loseAnswers(callIds: readonly number[]): void {
    if (!this.keepsAnswers) return;
    for (const id of callIds) this.outbox.sendAnswer(formatCallbackError(id, [ERR_CALLBACK_LOST]));
  }

  /** Asks for no more acknowledgements: the connection has ended. */
  stop(): void {
    this.ownOutbox?.stop();
  }

  /** Fails the calls of this side with -1, except those that a returning connection may still bring an answer. */
  loseCalls(): void {
    if (!this.ownOutbox) return;
    if (this.mayReturn) this.outgoingCalls.loseUnlessResendable();
    else this.outgoingCalls.loseAll();
  }

  /** The session is refused as lost, and another one comes: what was never written waits for that. */
  loseWritten(): void {
    this.ownOutbox?.loseWritten();
    this.reset();
  }

  /** The session is lost. What was never written is {@link Outbox.takeUnsent}'s until the next tick. */
  loseSession(): void {
    this.ownOutbox?.loseSession();
    this.reset();
  }

  private reset(): void {
    this.dropServed();
    this.stop();
    this.afterResume = undefined;
  }

  /** Keeps the journal, but counts it no longer: the session has left the connection. */
  releaseJournal(): void {
    if (this.ownOutbox) this.journal?.countIn(undefined);
  }
}
