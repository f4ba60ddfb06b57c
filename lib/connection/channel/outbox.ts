import { ERR_INVALID_NAME, ERR_JOURNAL_FULL, ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import { formatPing, formatStreamCredit, isEvent } from '../../protocol/format-message.js';
import type { Limits } from '../../protocol/limits.js';
import { isPortableName, type NamedKind } from '../../protocol/name-rules.js';
import { checkSize } from '../../protocol/message-size.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Journal } from '../../session/journal.js';
import { ANSWERS_OVER_BYTES } from '../../session/journal-meter.js';
import type { DeadlineQueue } from '../../util/deadline-queue.js';
import { sharedDeadlines, type Expirable } from '../../util/shared-deadlines.js';
import { nextTick } from '../../util/host.js';
import type { Extensions } from '../extensions.js';
import { unsendableOf, type Unsendable } from './unsendable.js';
import { createOutgoingCall, OutgoingCalls, type OutgoingCall } from '../calls/outgoing-calls.js';

// The peer is asked by a ping how far it has read when this much is kept. Why: large against the price of a ping, and
// small enough that texts die young, as V8 moves what lives longer, which costs more than a message.
const PING_AFTER_ENTRIES = 128;
const PING_AFTER_BYTES = 1024 * 1024;
// Nothing is kept much longer than this before the peer is asked.
const PING_AFTER_MS = 1000;

/** A numbered message that was journaled while there was no transport, and never went out. */
export interface UnsentMessage {
  /** Its text, with the number that it had. */
  readonly text: string;
  /** The call that waits for its answer; undefined for an event. */
  readonly call: OutgoingCall | undefined;
}

/** What the outbox asks of its channel. */
export interface OutboxOwner {
  /** The journal of the session; undefined before the handshake. */
  readonly journal: Journal | undefined;
  /** Whether the connection has ended, so that what is sent now would wait for ever. */
  readonly isClosed: boolean;
  /** Whether a message can be written now. */
  readonly isOpen: boolean;
  /** Whether this is a server whose client is away; the application may not know that. */
  readonly isPeerAway: boolean;
  /** What both sides agreed on: `nest` allows any name, and `peerMaxBytes` is the largest message that the peer takes. */
  readonly extensions: Extensions;
  /** Whether answers are kept until they have arrived (`resume`). */
  readonly keepsAnswers: boolean;
  /** Writes a text to the transport. */
  write(text: string): void;
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
  private isAskingForAcknowledgement = false;
  private isReplaying = false;
  private isRefusingItems = false;
  /** The number of the first message that was sent while there was no transport; 0: all have gone out. */
  private firstUnsent = 0;
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
   * Journals a text that has the number {@link nextId}, and writes it if there is a transport.
   * @throws JstpError ERR_JSTP_MESSAGE_TOO_LARGE: the peer would cut the transport for it, again at each resume
   */
  commit(text: string, call?: OutgoingCall): void {
    const { journal } = this.owner;
    if (!journal) return;
    checkSize(text, this.limits, this.owner.extensions.peerMaxBytes);
    journal.append(text);
    if (call) {
      call.id = journal.lastId;
      this.calls.add(call);
    }
    this.write(text, journal.lastId);
    this.watch(journal);
  }

  /** Fails the calls that were written with -1: the session that would have brought their answers is lost. */
  loseWritten(): void {
    if (this.firstUnsent > 0) this.calls.loseUpTo(this.firstUnsent - 1);
    else this.calls.loseAll();
  }

  /**
   * Sends what has no number: an answer, a value of a stream, a cancel. Kept until it has arrived where
   * `resume` is agreed; else an answer that cannot be written now is of no use to anybody any more.
   */
  sendAnswer(text: string): void {
    const { journal, keepsAnswers, isOpen } = this.owner;
    if (!journal || !keepsAnswers) {
      if (isOpen) this.owner.write(text);
      return;
    }
    if (this.isOverflowing) {
      this.owner.overflow();
      return;
    }
    journal.appendUnnumbered(text);
    this.write(text);
    this.watch(journal);
  }

  /** The same for a value of a stream, which can wait: false where the journal has no room for it. */
  sendItem(text: string): boolean {
    const hasRoom = !this.owner.keepsAnswers || this.hasRoom;
    if (hasRoom) this.sendAnswer(text);
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
    this.commit(formatPing(this.nextId), call);
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

  /** Sends everything again that the peer has not received. */
  replay(receivedCount: number): void {
    const { journal, keepsAnswers } = this.owner;
    if (!journal) return;
    this.isAskingForAcknowledgement = false;
    this.firstUnsent = 0;
    // What is sent meanwhile (a stream that has room again, a listener of the log) is journaled: it comes last.
    this.isReplaying = true;
    this.acknowledge(receivedCount);
    journal.noteReplay();
    if (keepsAnswers) this.calls.endPings(receivedCount);
    else this.calls.loseUpTo(receivedCount);
    for (const unsendable of unsendableOf(journal, this.limits, this.owner.extensions.peerMaxBytes)) {
      this.giveUp(journal, unsendable);
    }
    for (const { text } of journal) this.owner.write(text);
    this.isReplaying = false;
    if (!keepsAnswers) return;
    for (const call of this.calls.credited()) this.sendCredit(call);
    // Its number tells at the next resume that all of this has arrived.
    if (journal.size > 0) this.askForAcknowledgement();
  }

  /**
   * The session is gone, and its calls fail with -1: the peer may have run them. What never went out it has not run:
   * {@link takeUnsent} has that until the next tick, for another session; then those calls fail as well.
   */
  loseSession(): void {
    const { journal } = this.owner;
    const unsent = journal && this.firstUnsent > 0 ? this.unsentOf(journal) : [];
    this.firstUnsent = 0;
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

  /** Takes the unsent messages out; calls that were given up meanwhile are left out. */
  private unsentOf(journal: Journal): UnsentMessage[] {
    const unsent: UnsentMessage[] = [];
    for (const { id, text } of journal) {
      // Answers, which have no number, are of use in their own session only.
      if (id < this.firstUnsent || !Number.isInteger(id)) continue;
      const call = this.calls.remove(id);
      if (call || isEvent(text)) unsent.push({ text, call });
    }
    return unsent;
  }

  /** Tells the callee of a stream how far it may go. */
  sendCredit(call: OutgoingCall): void {
    if (this.owner.isOpen) this.owner.write(formatStreamCredit(this.wireId(call.id), call.creditLimit));
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

  /** Fails one message alone: the others go on. */
  private giveUp(journal: Journal, { entry, error, kind, wireId, substitute }: Unsendable): void {
    if (substitute === undefined) return;
    journal.replace(entry, substitute);
    if (kind === 'stream') this.owner.cancelServing(wireId);
    const call = kind === 'call' || kind === 'inspect' ? this.calls.remove(this.ownId(wireId)) : undefined;
    if (call === undefined) {
      this.owner.reportError(error);
      return;
    }
    // Later, when what else there is to send has been sent.
    nextTick(() => {
      this.owner.guard(() => {
        call.callback(error);
      });
    });
  }

  /** @param id the number of the text; 0 where it has none */
  private write(text: string, id = 0): void {
    if (!this.owner.isOpen) {
      if (this.firstUnsent === 0) this.firstUnsent = id;
      this.owner.keptForLater();
    } else if (!this.isReplaying) this.owner.write(text);
  }

  /** Whether not even an answer is admitted. */
  private get isOverflowing(): boolean {
    const { journal, isPeerAway } = this.owner;
    const { journalMaxEntries, journalMaxBytes, maxCallsInFlight } = this.limits;
    if (!journal || this.hasRoom) return false;
    return (
      isPeerAway ||
      journal.isOverflowing ||
      journal.size >= journalMaxEntries + maxCallsInFlight ||
      journal.bytes >= journalMaxBytes * ANSWERS_OVER_BYTES
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
    if (this.isAskingForAcknowledgement || !this.owner.isOpen) return;
    this.isAskingForAcknowledgement = true;
    this.ping(() => {
      this.isAskingForAcknowledgement = false;
    });
  }
}
