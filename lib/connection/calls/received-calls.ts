import {
  ERR_INTERFACE_NOT_FOUND,
  ERR_INTERNAL_API_ERROR,
  ERR_INVALID_SIGNATURE,
  ERR_TOO_MANY_STREAMS,
} from '../../protocol/error-codes.js';
import type { WrittenMessage } from '../../protocol/attached-message.js';
import { cancelledByPeer } from '../../protocol/call-ends.js';
import { formatCallbackError } from '../../protocol/format-message.js';
import { LimitError } from '../../protocol/limit-error.js';
import { MAX_NAME_SHOWN, MAX_SOURCES, type Limits } from '../../protocol/limits.js';
import { OVERSIZED_METADATA, type CallMessage } from '../../protocol/message.js';
import type { ApplicationLike } from '../../application/application.js';
import { serveCall } from '../../application/serve-call.js';
import { Allowance } from '../../util/allowance.js';
import { ignore, isThenable } from '../../util/callback.js';
import type { DeadlineQueue } from '../../util/deadline-queue.js';
import { IdTable } from '../../util/id-table.js';
import { toLogText } from '../../util/log-text.js';
import { sharedDeadlines, type Expirable } from '../../util/shared-deadlines.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Connection } from '../connection.js';
import type { CallMeter } from '../observing/call-meter.js';
import { observeReceiving } from '../observing/observe-receiving.js';
import { watches } from '../observing/observers.js';
import { serveObserved } from '../observing/serve-observed.js';
import type { AbandonedPlace } from './abandoned-handlers.js';
import { ALWAYS_SERVED_BYTES, type BytesPlace } from './bytes-in-flight.js';
import { ExtraValue, type ExtraWaiter } from './extra-value.js';
import type { InFlightMeter } from './in-flight-meter.js';
import type { ValueHolder } from './held-values.js';
import { faultOf, METADATA_TOO_LARGE, type Refusal } from './call-fault.js';
import type { CountedCalls, InFlight } from './in-flight.js';
import { ReceivedCall, type ReceivedCallKeeper } from './received-call.js';
import { checkedPlaces, ReceivedSource, type SourceKeeper } from './received-source.js';
import type { StreamSender } from './stream-sender.js';
import { LARGE_CALL_BYTES, SOURCE_BYTES } from './weight.js';

/** How many calls and events a connection may always have under way. */
const ALWAYS_SERVED_CALLS = 16;

/** How long it takes until a peer that has cancelled as many calls as it may can do so again. */
const CANCELS_AGAIN_MS = 30_000;

/** What the received calls ask of their channel. */
export interface ReceivedCallsOwner {
  /** The connection that the application's methods get. */
  readonly connection: Connection;
  /** Counts calls; undefined: nobody has asked for that. */
  readonly callMeter: CallMeter | undefined;
  /** Counts what all connections of the server serve; undefined on a client's side. */
  readonly inFlight: InFlight | undefined;
  /** The application that the peer calls. */
  readonly application: ApplicationLike<Connection> | null;
  readonly outbox: {
    /** Sends an answer. */
    sendAnswer(message: WrittenMessage): void;
    /** Sends a stream's value; false: there is no room for it now. */
    sendItem(message: WrittenMessage): boolean;
  };
  /** Whether the session must be stored before what changes it is acted on. */
  readonly storesFirst: boolean;
  /**
   * Runs something when the session is stored as it is now; at once where it is not stored at each step.
   * @param received the number of the peer's message that it acts on
   */
  whenStored(run: () => void, received?: number): void;
  /** Whether values of streams have to wait, as too much is unsent. */
  readonly isCongested: boolean;
  /** Whether a message can be written now. */
  readonly isOpen: boolean;
  /** Writes a message to the transport. */
  write(message: WrittenMessage): void;
  /** Serves what was held of a call and may overtake the rest by now. */
  letOvertake(ofCall?: number): void;
  /** Reads, or does not, as what is under way allows. */
  balanceReading(): void;
  /** Emits an error to those who listen for it. */
  tell(error: unknown): void;
  /** An error of the application. */
  reportError(error: unknown): void;
}

/** The peer's calls, and its events, that this side is serving. */
export class ReceivedCalls
  implements ReceivedCallKeeper, SourceKeeper, CountedCalls, ExtraWaiter, ValueHolder
{
  // Made with the first call.
  private calls: IdTable<ReceivedCall> | undefined;
  // Calls with a number that is in use: a server may count wrongly, or a peer be hostile. Both calls are served, and both
  // are counted.
  private doubles: Set<ReceivedCall> | undefined;
  // Handlers of events that have not ended. An event has no answer, so that it is only counted.
  private eventCount = 0;
  // Events whose turn comes when the session is stored, and what they count as.
  private storedFirst = 0;
  private bytesStoredFirst = 0;
  // Calls that are over for their callers, but whose handlers have not ended.
  private lingering = 0;
  /** What all count as whose handlers have not ended, see `weightOf`. */
  bytes = 0;
  /** How many of those it had begun when it ended the last time. */
  private abandoned = 0;
  /** Where these count; undefined: there are none. */
  private abandonedAt: AbandonedPlace | undefined;
  waitsAt: InFlightMeter | undefined;
  bytesAtPlace = 0;
  place: BytesPlace | undefined;
  waitsAtPlace: InFlightMeter | undefined;
  /** Whether a large call or event comes next. */
  private isLargeNext = false;
  private readonly inFlight: InFlight | undefined;
  private streamCount = 0;
  /** Streams that wait for room, the one first whose turn it is. Made with the first. */
  private waitingStreams: Set<StreamSender> | undefined;
  /** The streams that are arguments of calls of this side, and have begun. Made with the first. */
  private argumentStreams: Set<StreamSender> | undefined;
  private readonly extraValue: ExtraValue;
  heldLength = 0;
  // Made with the first cancel.
  private cancels: Allowance | undefined;
  readonly deadlines: DeadlineQueue<Expirable> | undefined;
  /** Told each time that nothing is being served any more; undefined: nobody has waited for that. */
  onIdle: (() => void) | undefined;
  /** Whether so many are being served that nothing is read. */
  isHolding = false;
  /** The error that answers new calls; undefined: they are served. */
  refusal: Refusal | undefined;

  constructor(
    private readonly owner: ReceivedCallsOwner,
    private readonly limits: Pick<
      Limits,
      | 'maxCallDurationMs'
      | 'maxCallsInFlight'
      | 'maxBytesInFlight'
      | 'maxCancelBurst'
      | 'maxStreams'
      | 'streamCredit'
    >,
  ) {
    this.inFlight = owner.inFlight;
    this.extraValue = owner.inFlight?.extraValue ?? new ExtraValue();
    const { maxCallDurationMs } = limits;
    this.deadlines = maxCallDurationMs > 0 ? sharedDeadlines(maxCallDurationMs) : undefined;
  }

  /** How many are being served: without calls that were cancelled. */
  get size(): number {
    return (this.calls?.size ?? 0) + (this.doubles?.size ?? 0) + this.eventCount;
  }

  /**
   * Counts an event until its handler has ended.
   * @param bytes what it counts as, see `weightOf`
   */
  addEvent(handled: PromiseLike<unknown>, bytes: number): void {
    const end = (): void => {
      this.eventCount -= 1;
      this.uncount(bytes);
      this.uncountAbandoned();
      this.ended();
    };
    this.eventCount += 1;
    this.count(bytes);
    this.balanceReading();
    handled.then(end, (error: unknown) => {
      this.owner.reportError(error);
      end();
    });
  }

  /**
   * Counts an event that waits until the session is stored.
   * @param bytes what it counts as, see `weightOf`
   */
  addStoredFirst(bytes: number): void {
    this.storedFirst += 1;
    this.bytesStoredFirst += bytes;
    this.count(bytes);
    this.balanceReading();
  }

  /** That event was handed on. */
  removeStoredFirst(bytes: number): void {
    // None is left where all were dropped, as the connection has ended.
    if (this.storedFirst === 0) return;
    this.storedFirst -= 1;
    this.bytesStoredFirst -= bytes;
    this.uncount(bytes);
    if (this.isHolding) this.balanceReading();
  }

  private dropStoredFirst(): void {
    if (this.storedFirst === 0) return;
    this.inFlight?.calls.remove(this.storedFirst - 1);
    this.uncount(this.bytesStoredFirst);
    this.storedFirst = 0;
    this.bytesStoredFirst = 0;
  }

  /**
   * Serves a call: checks it, and hands it to the application.
   * @param bytes what it counts as, see `weightOf`
   * @param length how long the message was
   */
  receive(message: CallMessage, bytes: number, length: number): void {
    if (this.refusal !== undefined) {
      this.refuse(message, this.refusal, length);
      return;
    }
    const fault = faultOf(message);
    const { owner } = this;
    const { application } = owner;
    if (fault !== 0 || application === null) {
      const isOversized = message.metadata === OVERSIZED_METADATA;
      this.refuse(message, isOversized ? METADATA_TOO_LARGE : [fault || ERR_INTERFACE_NOT_FOUND], length);
      return;
    }
    const call = new ReceivedCall(this, owner.connection, message, bytes);
    if (message.sources !== undefined && owner.connection.extensions.source) {
      const refusal = this.openSources(call, message.sources);
      if (refusal) {
        this.refuse(message, refusal, length);
        return;
      }
    }
    if (watches.serve.isOn)
      call.observation = observeReceiving('serve', owner, message, length, message.method);
    else if (owner.callMeter !== undefined)
      call.observation = owner.callMeter.serve(application, call.interfaceName, call.methodName);
    this.calls ??= new IdTable();
    if (!this.calls.add(call)) (this.doubles ??= new Set()).add(call);
    this.count(call.bytes);
    this.balanceReading();
    if (owner.storesFirst) this.serveStored(call, application);
    else this.serve(call, application);
  }

  /** Serves a call when the session is stored as it is now. Why apart: a closure would cost each call. */
  private serveStored(call: ReceivedCall, application: ApplicationLike<Connection>): void {
    this.owner.whenStored(() => {
      if (call.isOpen) this.serve(call, application);
    }, call.id);
  }

  /** Puts streams in the place of those arguments that the peer sends as streams. @returns why it must not */
  private openSources(call: ReceivedCall, given: unknown): Refusal | undefined {
    const places = checkedPlaces(given, call.args);
    if (!places) return [ERR_INVALID_SIGNATURE];
    const { length } = places;
    const { maxStreams, streamCredit } = this.limits;
    if (length > MAX_SOURCES || this.streamCount + length > maxStreams) return [ERR_TOO_MANY_STREAMS];
    this.streamCount += length;
    call.bytes += length * SOURCE_BYTES;
    call.sources = places.map((place) => new ReceivedSource(call, place, streamCredit, this));
    for (const { place, stream } of call.sources) call.args[place] = stream;
    return undefined;
  }

  /** Answers a call that no application gets. */
  private refuse(message: CallMessage, error: Refusal, length: number): void {
    const { owner } = this;
    const text = formatCallbackError(message.id, error);
    owner.outbox.sendAnswer(text);
    if (!watches.serve.isOn && !owner.callMeter) return;
    const observation = observeReceiving('serve', owner, message, length, message.method);
    observation.run?.(ignore);
    observation.sent?.(text);
    observation.end(error[0], RemoteError.fromJstpArray(error));
  }

  /** The numbers of the calls that are being served, as the wire has them. */
  *[Symbol.iterator](): Generator<number> {
    for (const call of this.all()) yield call.id;
  }

  /** There is room again: streams that waited for it go on, as far as it goes. */
  flushStreams(): void {
    const { waitingStreams } = this;
    if (!waitingStreams) return;
    for (const stream of waitingStreams) {
      stream.flush();
      if (!stream.isHeldUp) continue;
      // It has taken what there was, so that the next time is another one's turn.
      waitingStreams.delete(stream);
      waitingStreams.add(stream);
      return;
    }
  }

  heldUp(stream: StreamSender, isHeldUp: boolean): void {
    if (isHeldUp) (this.waitingStreams ??= new Set()).add(stream);
    else this.waitingStreams?.delete(stream);
  }

  /** The stream that is an argument of a call, while that is being served. */
  sourceOf(callId: number, place: number): ReceivedSource | undefined {
    return this.calls?.get(callId)?.sources?.find((source) => source.place === place);
  }

  /**
   * Whether a value of an argument may come. Values wait in memory until they are read: where there is too much of that, they
   * come only to readers who wait, one after another.
   * @param bytes the size of its message
   */
  takesValue(callId: number, place: number, bytes: number): boolean {
    const source = this.sourceOf(callId, place);
    // Its call may still wait itself.
    if (!source) return false;
    if (!this.isAtLimit && !this.isCrowdedFor(bytes)) return true;
    return source.isAwaited && this.extraValue.admits(source, this);
  }

  letValuesCome(): void {
    if (this.isHolding) this.owner.letOvertake();
  }

  /** Tells the peer again how far it may go, after a resume. */
  repeatCredits(): void {
    for (const { sources = [] } of this.all()) for (const source of sources) source.repeatCredit();
  }

  writeCredit(text: string): void {
    // While there is no transport, nobody could act on it.
    if (this.owner.isOpen) this.owner.write(text);
  }

  sendKept(text: string): void {
    this.owner.outbox.sendAnswer(text);
  }

  countWaiting(bytes: number): void {
    this.bytes += bytes;
    if (bytes > 0) this.inFlight?.bytes.add(bytes);
    if (this.place || this.bytes >= ALWAYS_SERVED_BYTES) this.inFlight?.bytes.countAtPlace(this);
    if (bytes < 0) this.inFlight?.bytes.remove(-bytes);
    if (bytes > 0 || this.isHolding) this.balanceReading();
    if (bytes < 0) this.extraValue.released();
  }

  readerWaits(callId: number): void {
    this.owner.letOvertake(callId);
  }

  /** The call of a number, while it is being served. */
  get(id: number): ReceivedCall | undefined {
    return this.calls?.get(id);
  }

  /**
   * The caller cancels a call.
   * @returns false: it has cancelled too many
   */
  cancelledByPeer(id: number): boolean {
    if (!this.calls?.get(id)) return true;
    this.cancels ??= new Allowance(this.limits.maxCancelBurst, CANCELS_AGAIN_MS);
    this.cancel(id);
    return this.cancels.take();
  }

  /** The caller no longer waits for an answer. Unknown numbers are ignored: the answer may be on its way. */
  cancel(id: number): void {
    const call = this.calls?.get(id);
    if (!call) return;
    const reason = cancelledByPeer();
    call.cancel(reason);
    this.forget(call);
    call.abort(reason);
  }

  /** Cancels all without an answer. @returns those calls */
  cancelAll(): readonly ReceivedCall[] {
    const cancelled = this.all();
    this.calls = undefined;
    this.doubles = undefined;
    // Nothing is served on meanwhile, and the next transport asks again.
    this.isHolding = false;
    this.isLargeNext = false;
    this.inFlight?.leave(this);
    this.extraValue.leave(this);
    this.dropStoredFirst();
    // One for all: there may be 10,000 calls.
    const reason = cancelledByPeer();
    for (const call of cancelled) {
      call.cancel(reason);
      this.countOut(call);
      call.abort(reason);
    }
    this.abandon();
    return cancelled;
  }

  /** Counts the handlers that run on at the address that the client has had last. */
  private abandon(): void {
    const left = this.lingering + this.eventCount;
    if (!this.inFlight || left === 0) return;
    this.abandonedAt = this.inFlight.abandoned.add(this.address, left, this.abandonedAt, this.abandoned);
    this.abandoned = left;
  }

  handlerEnded(bytes: number): void {
    this.lingering -= 1;
    this.uncount(bytes);
    this.uncountAbandoned();
    if (this.isHolding) this.balanceReading();
  }

  answer(call: ReceivedCall, message: WrittenMessage): void {
    this.remove(call);
    this.owner.outbox.sendAnswer(message);
    // Behind the answer. Why: there is room for another call now, whose answer may come at once.
    this.ended();
  }

  streamOpened(): boolean {
    if (this.streamCount >= this.limits.maxStreams) return false;
    this.streamCount += 1;
    return true;
  }

  streamClosed(): void {
    this.streamCount -= 1;
  }

  argumentBegun(stream: StreamSender): void {
    (this.argumentStreams ??= new Set()).add(stream);
  }

  argumentOver(stream: StreamSender): void {
    this.argumentStreams?.delete(stream);
  }

  sendItem(message: WrittenMessage): boolean {
    return !this.owner.isCongested && this.owner.outbox.sendItem(message);
  }

  countHeld(length: number): void {
    const before = this.heldLength;
    this.heldLength += length;
    this.inFlight?.values.count(this, before);
  }

  makeRoom(): void {
    this.inFlight?.values.makeRoom();
  }

  dropHeld(): void {
    for (const { stream } of this.all()) stream?.dropHeld();
    for (const stream of [...(this.argumentStreams ?? [])]) stream.dropHeld();
  }

  reportError(error: unknown): void {
    this.owner.reportError(error);
  }

  callOverdue({ interfaceName, methodName }: ReceivedCall): void {
    const most = `limits.maxCallDurationMs, ${this.limits.maxCallDurationMs}`;
    const name = `${toLogText(interfaceName, MAX_NAME_SHOWN)}.${toLogText(methodName, MAX_NAME_SHOWN)}`;
    this.owner.tell(new LimitError('maxCallDurationMs', `${name} has not answered a call within ${most}`));
  }

  /** Those that are being served, in an array of their own. */
  all(): ReceivedCall[] {
    return [...(this.calls?.toArray() ?? []), ...(this.doubles ?? [])];
  }

  private serve(call: ReceivedCall, application: ApplicationLike<Connection>): void {
    call.begin();
    try {
      const handled =
        call.observation?.run === undefined
          ? serveCall(application, call, this)
          : serveObserved(call.observation, application, call, this);
      if (isThenable(handled)) this.awaitHandler(call, handled);
    } catch (error) {
      this.handlerFailed(call, error);
    }
  }

  private awaitHandler(call: ReceivedCall, handled: PromiseLike<unknown>): void {
    const work = handled.then(undefined, (error: unknown) => {
      this.handlerFailed(call, error);
    });
    if (call.isOpen || call.lingers) call.runsUntil(work);
  }

  private handlerFailed(call: ReceivedCall, error: unknown): void {
    call.fail(ERR_INTERNAL_API_ERROR);
    this.owner.reportError(error);
  }

  private forget(call: ReceivedCall): void {
    this.remove(call);
    this.ended();
  }

  private remove(call: ReceivedCall): void {
    if (!this.doubles?.delete(call)) this.calls?.remove(call.id);
    this.countOut(call);
  }

  /** Counts a call that is over, unless its handler runs on. */
  private countOut(call: ReceivedCall): void {
    if (call.lingers) this.lingering += 1;
    else this.uncount(call.bytes);
  }

  private ended(): void {
    if (this.onIdle && this.size === 0) this.onIdle();
    if (this.isHolding) this.balanceReading();
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    this.inFlight?.add(bytes);
    if (this.bytes >= ALWAYS_SERVED_BYTES) this.inFlight?.bytes.countAtPlace(this);
  }

  private uncount(bytes: number): void {
    this.bytes -= bytes;
    if (this.place) this.inFlight?.bytes.countAtPlace(this);
    this.inFlight?.remove(bytes);
  }

  private uncountAbandoned(): void {
    const { inFlight, abandonedAt } = this;
    if (!inFlight || !abandonedAt) return;
    this.abandoned -= 1;
    if (this.abandoned === 0) this.abandonedAt = undefined;
    inFlight.abandoned.remove(abandonedAt, 1);
  }

  balanceReading(): void {
    const hold = this.isHolding ? this.isHalfFull : this.isFull;
    if (hold === this.isHolding) return;
    this.isHolding = hold;
    this.owner.balanceReading();
  }

  /**
   * A large call or event comes next.
   * @returns whether it has to wait, so that nothing is served until there is room for it
   */
  waitForRoom(): boolean {
    this.isLargeNext = true;
    this.balanceReading();
    this.isLargeNext = this.isHolding;
    return this.isHolding;
  }

  /** Another transport is served: what was next on the one before comes again, perhaps behind others. */
  transportOpened(): void {
    this.isLargeNext = false;
    this.balanceReading();
  }

  /** How many have handlers that have not ended. */
  get load(): number {
    return this.size + this.lingering;
  }

  /** Whether as much is under way as may be on this connection. */
  get isAtLimit(): boolean {
    const { maxCallsInFlight, maxBytesInFlight } = this.limits;
    return this.load >= maxCallsInFlight || this.bytes >= maxBytesInFlight;
  }

  private get isFull(): boolean {
    return this.isAtLimit || this.isCrowded;
  }

  /** Whether it is too early to go on. Why at half: a busy peer would switch reading on and off with each call. */
  private get isHalfFull(): boolean {
    const { maxCallsInFlight, maxBytesInFlight } = this.limits;
    return this.load > maxCallsInFlight / 2 || this.bytes > maxBytesInFlight / 2 || this.isCrowded;
  }

  /** Whether all connections together serve too much, and this one a part of it that counts. */
  private get isCrowded(): boolean {
    const { inFlight } = this;
    if (inFlight === undefined) return false;
    if (this.isCrowdedFor(this.isLargeNext ? LARGE_CALL_BYTES : 0)) return true;
    if (this.load >= ALWAYS_SERVED_CALLS && inFlight.calls.holdsUp(this)) return true;
    return inFlight.abandoned.holdsUp(this);
  }

  /** The same by bytes alone. @param bytes the size of what comes next */
  private isCrowdedFor(bytes: number): boolean {
    const hasMuch = bytes >= LARGE_CALL_BYTES || this.bytes >= ALWAYS_SERVED_BYTES;
    return hasMuch && this.inFlight?.bytes.holdsUp(this) === true;
  }

  get address(): string | undefined {
    return this.owner.connection.remoteAddress;
  }
}
