import type { WrittenMessage } from '../../protocol/attached-message.js';
import { ERR_INVALID_NAME, ERR_JOURNAL_FULL, ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import { formatPing, formatStreamCredit, isEvent, renumber } from '../../protocol/format-message.js';
import type { Limits } from '../../protocol/limits.js';
import { isPortableName, type NamedKind } from '../../protocol/name-rules.js';
import { checkSize } from '../../protocol/message-size.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Journal } from '../../session/journal.js';
import { ANSWERS_OVER } from '../../session/journal-meter.js';
import type { DeadlineQueue } from '../../util/deadline-queue.js';
import { sharedDeadlines, type Expirable } from '../../util/shared-deadlines.js';
import { ignore } from '../../util/callback.js';
import { nextTick } from '../../util/host.js';
import type { Extensions } from '../extensions.js';
import { unsendableOf, type Unsendable } from './unsendable.js';
import { answerCall, createOutgoingCall, OutgoingCalls, type OutgoingCall } from '../calls/outgoing-calls.js';
import { INITIAL_STREAM_CREDIT } from '../calls/stream-credit.js';

// The peer is asked by a ping how far it has read when this much is kept. Why: large against the price of a ping, and
// small enough that texts die young, as V8 moves what lives longer, which costs more than a message.
const PING_AFTER_ENTRIES = 128;
const PING_AFTER_BYTES = 1024 * 1024;
// Nothing is kept much longer than this before the peer is asked.
const PING_AFTER_MS = 1000;
// A place in the journal where there is none.
const NONE = -1;

/** A numbered message that was journaled while there was no transport, and never went out. */
export interface UnsentMessage {
  /** With the number that it had. */
  readonly message: WrittenMessage;
  /** The call that waits for its answer; undefined for an event. */
  readonly call: OutgoingCall | undefined;
}

/** What the outbox asks of its channel. */
export interface OutboxOwner {
  /** The journal of the session; undefined before the handshake. */
  readonly journal: Journal | undefined;
  /** Whether the connection has ended, so that what is sent now would wait for ever. */
  readonly isClosed: boolean;
  /** Whether a connection that has ended can be brought back with its session. */
  readonly mayReturn: boolean;
  /** Whether a message can be written now. */
  readonly isOpen: boolean;
  /** Whether this is a server whose client is away; the application may not know that. */
  readonly isPeerAway: boolean;
  /** What both sides agreed on: `nest` allows any name, and `peerMaxBytes` is the largest message that the peer takes. */
  readonly extensions: Extensions;
  /** Whether answers are kept until they have arrived (`resume`). */
  readonly keepsAnswers: boolean;
  /** Whether a message is written only after it is stored. */
  readonly storesFirst: boolean;
  /** Whether so much waits in the transport that messages stay in the journal. */
  readonly mustWait: boolean;
  /** Whether the transport takes no more than what ends it. */
  readonly isFull: boolean;
  /** Writes a message to the transport; where it must be stored first, later. */
  write(message: WrittenMessage): void;
  /** Writes a message that is stored, if it must be. */
  writeNow(message: WrittenMessage): void;
  /** Runs something when the session is stored as it is now. */
  whenStored(run: () => void): void;
  /** All that waited in the journal has been written. */
  caughtUp(): void;
  /** Runs the user's code, reporting what it throws. */
  guard(run: () => unknown): void;
  /** Something was journaled that cannot be written now. */
  keptForLater(): void;
  /** The journal holds less than its cap again. */
  roomAgain(): void;
  /** More waits for the peer than may: the session ends. */
  overflow(): void;
  /** Nothing more is sent for a call of the peer. */
  cancelServing(callId: number): void;
  /** Reports what could not be sent, where no callback tells it. */
  reportError(error: unknown): void;
}

/**
 * What this side sends over a session, until it is answered or acknowledged. Messages get their numbers and are
 * journaled in the order of sending, with a transport or without.
 */
export class Outbox implements Expirable {
  readonly calls: OutgoingCalls;
  /** The number of the last ping that asked for an acknowledgement; 0: what was asked for may not arrive. */
  private askedBy = 0;
  private pingCount = 0;
  private isRefusingItems = false;
  /** The place in the journal of the next message to be written; NONE: nothing waits there, so that what comes is. */
  private next = NONE;
  /** The place of the first message that was never written to any transport; NONE: all have been. */
  private firstUnsent = NONE;
  /** The place up to which messages are stored, where they must be before they are written. */
  private stored = 0;
  private unsent: readonly UnsentMessage[] | undefined;
  /** The queue that reminds the outbox to ask for an acknowledgement; undefined while nothing is kept. */
  private waitsIn: DeadlineQueue<Expirable> | undefined;

  /**
   * @param owner the channel
   * @param sign +1 for a client's numbers, -1 for a server's
   */
  constructor(
    private readonly owner: OutboxOwner,
    private readonly sign: 1 | -1,
    private readonly limits: Limits,
  ) {
    this.calls = new OutgoingCalls(owner);
  }

  /**
   * Why a named message cannot be sent; undefined: it can.
   * @param isForReturn whether it may wait for a connection that has ended to be brought back
   */
  refusal(kind: NamedKind, name: string, isForReturn = false): RemoteError | undefined {
    if (!this.owner.extensions.nest && !isPortableName(name, kind)) {
      return new RemoteError(
        ERR_INVALID_NAME,
        `'${name}' cannot be sent as the name of a ${kind} to this peer`,
      );
    }
    return this.fullness(isForReturn);
  }

  /** Why nothing can be sent; undefined: it can. A session whose peer is away ends at its cap. */
  fullness(isForReturn = false): RemoteError | undefined {
    const { journal, isClosed, isPeerAway } = this.owner;
    if (!journal || (isClosed && !isForReturn)) return new RemoteError(ERR_NOT_CONNECTED);
    if (this.hasRoom && this.calls.size < this.limits.maxPendingCalls) return undefined;
    if (isPeerAway && !this.hasRoom) this.owner.overflow();
    return new RemoteError(ERR_JOURNAL_FULL);
  }

  /** Whether the journal takes more. */
  get hasRoom(): boolean {
    const { journal, isPeerAway } = this.owner;
    const { journalMaxEntries, journalMaxBytes, journalMaxBytesAway } = this.limits;
    return (
      journal !== undefined &&
      journal.size < journalMaxEntries &&
      journal.bytes < journalMaxBytes &&
      !journal.isShut &&
      (!isPeerAway || journal.bytes < journalMaxBytesAway)
    );
  }

  /** How many numbered messages were sent, pings left out. */
  get sentCount(): number {
    return (this.owner.journal?.lastId ?? 0) - this.pingCount;
  }

  /** The number of the next message, as the wire has it. */
  get nextId(): number {
    return this.sign * ((this.owner.journal?.lastId ?? 0) + 1);
  }

  /** The number without its sign; below 1 where it is none of this side's. */
  ownId(wireId: number): number {
    return wireId * this.sign;
  }

  /** A number of this side as the wire has it. */
  wireId(ownId: number): number {
    return ownId * this.sign;
  }

  /**
   * Journals a message, and writes it if there is a transport. What a `toJSON` or a getter of its values has sent while it
   * was being written comes before it.
   * @param id the number in it: {@link nextId} before it was written
   * @throws JstpError ERR_JSTP_MESSAGE_TOO_LARGE: the peer would cut the transport for it, again at each resume;
   *   RemoteError where one of its values has ended the connection
   */
  commit(id: number, message: WrittenMessage, call?: OutgoingCall): void {
    const { owner, nextId } = this;
    if (owner.isClosed && !(call?.kind === 'resendable' && owner.mayReturn))
      throw new RemoteError(ERR_NOT_CONNECTED);
    const numbered = id === nextId ? message : renumber(message, nextId);
    checkSize(numbered, this.limits, owner.extensions);
    this.append(numbered, call);
  }

  private append(message: WrittenMessage, call?: OutgoingCall): void {
    const { journal } = this.owner;
    if (!journal) return;
    journal.append(message);
    if (call) {
      call.id = journal.lastId;
      this.calls.add(call);
    }
    this.write(journal, message);
    this.watch(journal);
  }

  /** Fails the calls that were written with -1: the session that would have brought their answers is lost. */
  loseWritten(): void {
    const { journal } = this.owner;
    if (journal && this.firstUnsent !== NONE) this.calls.loseUpTo(numberBefore(journal, this.firstUnsent));
    else this.calls.loseAll();
  }

  /**
   * Sends what has no number: an answer, a value of a stream, a cancel. Kept until it has arrived where
   * `resume` is agreed; else an answer that cannot be written now is of no use to anybody any more.
   */
  sendAnswer(message: WrittenMessage): void {
    const { journal, keepsAnswers, isOpen } = this.owner;
    if (!journal || !keepsAnswers) {
      if (isOpen) this.owner.write(message);
      return;
    }
    if (this.isOverflowing) {
      this.owner.overflow();
      return;
    }
    journal.appendUnnumbered(message);
    this.write(journal, message);
    this.watch(journal);
  }

  /** The same for a value of a stream, which can wait: false where the journal has no room for it. */
  sendItem(message: WrittenMessage): boolean {
    const hasRoom = !this.owner.keepsAnswers || this.hasRoom;
    if (hasRoom) this.sendAnswer(message);
    else {
      this.isRefusingItems = true;
      // Other sessions of the user may have to make the room: then nothing that is acknowledged here tells of it.
      this.wait();
    }
    return hasRoom;
  }

  /** Sends a ping; the callback gets its pong. */
  ping(callback: (error: unknown) => void): void {
    const call = createOutgoingCall(callback, undefined, 'ping');
    this.pingCount += 1;
    // However little the peer takes. Why: heartbeats and acknowledgements need it, and have no place for an error.
    this.append(formatPing(this.nextId), call);
  }

  /** The peer has received everything up to a number of this side. */
  acknowledge(ownId: number): void {
    this.owner.journal?.acknowledge(ownId);
    this.offerRoom();
  }

  /** Takes values of streams again, if there is room. */
  private offerRoom(): void {
    if (!this.isRefusingItems || !this.hasRoom) return;
    this.isRefusingItems = false;
    this.owner.roomAgain();
  }

  /** Sends everything again that the peer has not received, as fast as the transport takes it. */
  replay(receivedCount: number): void {
    const { journal, keepsAnswers } = this.owner;
    if (!journal) return;
    this.askedBy = 0;
    // What is sent meanwhile (a stream that has room again, a listener of the log) is journaled: it comes last.
    this.next = journal.start;
    this.stored = 0;
    this.acknowledge(receivedCount);
    journal.noteReplay();
    if (keepsAnswers) this.calls.endPings(receivedCount);
    else this.calls.loseUpTo(receivedCount);
    this.giveUpUnsendable(journal);
    if (keepsAnswers) {
      // Of those that have arrived; the others follow their calls.
      for (const call of this.calls.credited()) this.sendCredit(call);
      // Its number tells at the next resume that all of this has arrived.
      if (journal.size > 0) this.askForAcknowledgement();
    }
    if (journal.size > 0) this.writeStored(journal);
    else this.goOn();
  }

  /** Whether messages wait in the journal to be written. */
  get isBehind(): boolean {
    return this.next !== NONE;
  }

  /** Leaves what comes in the journal, where it is kept anyway, until {@link goOn}: the transport holds enough. */
  hold(): void {
    const { journal, keepsAnswers } = this.owner;
    // Without `resume`, answers are not in the journal, and would overtake what waits there.
    if (journal && keepsAnswers && this.next === NONE) this.next = journal.end;
  }

  /** Writes what waits in the journal, until it must wait again. */
  goOn(): void {
    const { owner } = this;
    this.writeWhile(() => !owner.mustWait);
  }

  /** Writes what waits in the journal, as far as the transport takes it before it ends. */
  flush(): void {
    const { owner } = this;
    this.writeWhile(() => !owner.isFull);
  }

  /** The transport is lost: what was written and has not arrived may be the reason. */
  noteCut(): void {
    const { journal } = this.owner;
    journal?.noteCut(this.next === NONE ? journal.end : this.next);
  }

  /**
   * The session is gone, and its calls fail with -1: the peer may have run them. What never went out it has not run:
   * {@link takeUnsent} has that until the next tick, for another session; then those calls fail as well.
   */
  loseSession(): void {
    const { journal } = this.owner;
    const unsent = journal && this.firstUnsent !== NONE ? this.unsentOf(journal) : [];
    this.next = NONE;
    this.firstUnsent = NONE;
    this.calls.loseAll();
    if (unsent.length === 0) return;
    this.unsent = unsent;
    nextTick(() => {
      this.calls.lose(this.takeUnsent().flatMap(({ call }) => call ?? []));
    });
  }

  /** What never went out in the session that was just lost. Who takes it sends it, or ends its calls. */
  takeUnsent(): readonly UnsentMessage[] {
    const unsent = this.unsent ?? [];
    this.unsent = undefined;
    return unsent;
  }

  /** The same while the session goes on, as its peer takes no new calls. Pings keep the places of what is taken. */
  takeBack(): readonly UnsentMessage[] {
    const { journal } = this.owner;
    if (!journal || this.firstUnsent === NONE) return [];
    const unsent: UnsentMessage[] = [];
    for (let place = Math.max(this.firstUnsent, journal.start); place < journal.end; place++) {
      const { id, message } = journal.at(place);
      const call = this.calls.get(id);
      if (!Number.isInteger(id) || call?.kind === 'ping' || !(call || isEvent(message))) continue;
      this.calls.remove(id);
      journal.replace(place, formatPing(this.wireId(id)));
      unsent.push({ message, call });
    }
    return unsent;
  }

  /** Takes the unsent messages out; calls that were given up meanwhile are left out. */
  private unsentOf(journal: Journal): UnsentMessage[] {
    const unsent: UnsentMessage[] = [];
    for (let place = Math.max(this.firstUnsent, journal.start); place < journal.end; place++) {
      const { id, message } = journal.at(place);
      // Answers, which have no number, are of use in their own session only.
      if (!Number.isInteger(id)) continue;
      const call = this.calls.remove(id);
      if (call || isEvent(message)) unsent.push({ message, call });
    }
    return unsent;
  }

  /** Tells the callee of a stream how far it may go. Where the call waits in the journal, that follows it. */
  sendCredit(call: OutgoingCall): void {
    const { journal, isOpen } = this.owner;
    const isWaiting = journal && this.isBehind && call.id > numberBefore(journal, this.next);
    if (isOpen && !isWaiting) this.owner.write(formatStreamCredit(this.wireId(call.id), call.creditLimit));
  }

  /** Tells the callee of a stream to go on, when half of what it may send was read. */
  allowMore(call: OutgoingCall): void {
    const { streamCredit } = this.limits;
    const read = call.lastItem - (call.backlog?.() ?? 0);
    if (call.creditLimit - read > streamCredit / 2 || this.calls.get(call.id) !== call) return;
    call.creditLimit = read + streamCredit;
    this.sendCredit(call);
    // Later. Why: the values that came in one piece with the last one were sent before the credit.
    nextTick(() => {
      call.knownLimit = Math.max(call.knownLimit, call.creditLimit);
    });
  }

  /** Something has been kept for a while. */
  expire(): void {
    this.waitsIn = undefined;
    const { journal, isOpen } = this.owner;
    if (!journal || !isOpen) return;
    this.offerRoom();
    if (journal.size > 0) this.askForAcknowledgement();
    if (journal.size > 0 || this.isRefusingItems) this.wait();
  }

  /** Nothing is asked for any more: the connection has ended. */
  stop(): void {
    this.waitsIn?.delete(this);
    this.waitsIn = undefined;
  }

  /** Fails each message alone that the peer does not take: the others go on. */
  private giveUpUnsendable(journal: Journal): void {
    let untold: Unsendable | undefined;
    for (const unsendable of unsendableOf(journal, this.limits, this.owner.extensions)) {
      if (!this.giveUp(journal, unsendable)) untold ??= unsendable;
    }
    // Once. Why: a peer that takes nothing must not fill the log.
    if (untold) this.owner.reportError(untold.error);
  }

  /** Puts something else in the place of a message. @returns whether a callback tells of the error, or nothing changes */
  private giveUp(journal: Journal, { place, error, kind, wireId, substitute }: Unsendable): boolean {
    if (substitute === undefined) return true;
    journal.replace(place, substitute);
    if (kind === 'stream') this.owner.cancelServing(wireId);
    const call =
      kind === 'call' || kind === 'inspect' || kind === 'source'
        ? this.calls.remove(this.ownId(wireId))
        : undefined;
    if (call === undefined) return false;
    // Later, when what else there is to send has been sent.
    nextTick(() => {
      this.owner.guard(() => {
        answerCall(call, error);
      });
    });
    return true;
  }

  /** Writes the newest message of the journal, if it need not wait there. */
  private write(journal: Journal, message: WrittenMessage): void {
    const { owner } = this;
    if (owner.isOpen && this.next === NONE && !owner.storesFirst) {
      owner.write(message);
      return;
    }
    const place = journal.end - 1;
    if (this.firstUnsent === NONE) this.firstUnsent = place;
    if (!owner.isOpen) {
      owner.keptForLater();
      return;
    }
    if (this.next === NONE) this.next = place;
    if (owner.storesFirst) this.writeStored(journal);
  }

  /** Writes all that the journal holds now, when that is stored. */
  private writeStored(journal: Journal): void {
    const { end } = journal;
    this.owner.whenStored(() => {
      if (journal !== this.owner.journal) return;
      this.stored = Math.max(this.stored, end);
      this.goOn();
    });
  }

  private writeWhile(mayWrite: () => boolean): void {
    const { owner } = this;
    const { journal } = owner;
    if (!journal) return;
    while (this.next !== NONE && owner.isOpen && mayWrite()) {
      // What has arrived, however that may be, is not written.
      const place = Math.max(this.next, journal.start);
      if (place >= journal.end) this.catchUp();
      else if (owner.storesFirst && place >= this.stored) return;
      else this.writeAt(journal, place);
    }
  }

  private writeAt(journal: Journal, place: number): void {
    const { id, message } = journal.at(place);
    // First: what the log's listeners send comes behind it.
    this.next = place + 1;
    if (this.firstUnsent !== NONE) this.firstUnsent = Math.max(this.firstUnsent, this.next);
    this.owner.writeNow(message);
    const call = this.owner.keepsAnswers ? this.calls.get(id) : undefined;
    if (call && call.creditLimit !== INITIAL_STREAM_CREDIT) this.sendCredit(call);
  }

  private catchUp(): void {
    this.next = NONE;
    this.firstUnsent = NONE;
    this.owner.caughtUp();
  }

  /** Whether not even an answer is admitted. */
  private get isOverflowing(): boolean {
    const { journal, isPeerAway } = this.owner;
    const { journalMaxEntries, journalMaxBytes, maxCallsInFlight } = this.limits;
    if (!journal || this.hasRoom) return false;
    return (
      isPeerAway ||
      journal.isOverflowing ||
      // Why twice: as many calls as a peer has made before it saw an acknowledgement, and as many before it sent the next.
      journal.size >= journalMaxEntries * ANSWERS_OVER + maxCallsInFlight ||
      journal.bytes >= journalMaxBytes * ANSWERS_OVER
    );
  }

  /** Asks for an acknowledgement now if much is kept, else in a while. */
  private watch(journal: Journal): void {
    const { journalMaxEntries, journalMaxBytes } = this.limits;
    const isMuch =
      journal.size >= Math.min(PING_AFTER_ENTRIES, journalMaxEntries / 2) ||
      journal.bytes >= Math.min(PING_AFTER_BYTES, journalMaxBytes / 2);
    if (isMuch) this.askForAcknowledgement();
    else if (this.owner.keepsAnswers) this.wait();
  }

  private wait(): void {
    if (this.waitsIn !== undefined) return;
    this.waitsIn = sharedDeadlines(PING_AFTER_MS);
    this.waitsIn.add(this);
  }

  private askForAcknowledgement(): void {
    const { journal, isOpen } = this.owner;
    if (!journal || !isOpen || this.askedBy > journal.acknowledged) return;
    this.askedBy = journal.lastId + 1;
    this.ping(ignore);
  }
}

/** The number of the last message that was sent before the one at a place. */
function numberBefore(journal: Journal, place: number): number {
  const held = Math.max(place, journal.start);
  return held < journal.end ? Math.ceil(journal.at(held).id) - 1 : journal.lastId;
}
