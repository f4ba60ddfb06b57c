import { parse, type ParseOptions } from '../mdsf/index.js';
import {
  AttachedMessage,
  textPieces,
  type ArrivedMessage,
  type WrittenMessage,
} from '../protocol/attached-message.js';
import { ERR_NOT_CONNECTED } from '../protocol/error-codes.js';
import { HEARTBEAT_TEXT } from '../protocol/format-message.js';
import type { Limits } from '../protocol/limits.js';
import { maskSecrets } from '../protocol/mask-secrets.js';
import type { Message } from '../protocol/message.js';
import { joinParts } from '../protocol/message-parts.js';
import { headOf, type MessageHead } from '../protocol/message-head.js';
import { OversizeError } from '../protocol/oversize-error.js';
import { parseMessage } from '../protocol/parse-message.js';
import { RemoteError } from '../protocol/remote-error.js';
import { tighterLimit } from '../protocol/size-limit.js';
import { runInRootContext } from '../util/async-context.js';
import { isProduction, nextTick } from '../util/host.js';
import { sharedSlice } from '../util/time-slice.js';
import type { TimeAccount } from '../util/waiting-line.js';
import { Backlog, type BacklogOwner } from './backlog.js';
import { HELD_MESSAGE_BYTES, READ_AHEAD_BYTES, ReadAhead, type ReadAheadOwner } from './read-ahead.js';
import type { Extensions } from './extensions.js';
import type { Intake, IntakeOwner } from './intake.js';
import type { ReceiveMeter } from './receive-meter.js';
import type { Reporter } from './reporter.js';
import { LARGE_CALL_BYTES } from './calls/weight.js';
import type { SendMeter } from './send-meter.js';
import { COUNTED_FROM_BYTES, type Transport, type TransportReceiver } from './transport.js';
import { isEnd, TurnQueue, type Arrival, type TurnQueueOwner } from './turn-queue.js';

/** From this length on, what is written counts as work of a turn. Why: a shorter answer is as much work as its call. */
const COUNTED_FROM = 1024;
/** What a call in service counts as in the work of its transport's end, in bytes: its handler is told to stop. */
const END_OF_CALL_BYTES = 512;

/**
 * After so many handlers of events that go on behind a Promise, these go on before more is served. Why: what thousands of
 * them have begun is out of the processor's caches when they go on, and promoted by the collector of garbage.
 */
const HANDLERS_AT_ONCE = 32;

// What is logged was read, or written, as what the peers have agreed on.
const WITH_BYTES = { bytes: true };

/** What the wire asks of its connection. */
export interface WireOwner extends Pick<Reporter, 'isLogged' | 'log' | 'reportError'> {
  readonly limits: Limits;
  readonly extensions: Extensions;
  /** Whether the handshake is done, so that messages flow. */
  readonly isOpen: boolean;
  /** Whether so much is under way on the server that large calls may have to wait. */
  readonly isCrowded: boolean;
  /** How many calls and events of the peer are being served. */
  readonly servedCount: number;
  /** Counts what waits on all connections of the server; undefined on a client's side. */
  readonly sendMeter: SendMeter | undefined;
  /** Counts what all connections of the server have received and not served; undefined on a client's side. */
  readonly receiveMeter: ReceiveMeter | undefined;
  /** Counts the shared time that the connections of an address have had. */
  timeAccountOf(address: string | undefined): TimeAccount;
  /**
   * Acts on a message; answers whether it was expected.
   * @param bytes its size: in bytes, or in UTF-16 units of a transport of text
   */
  handle(message: Message, bytes: number): boolean;
  readonly channel: {
    /** Whether a message belongs to what is under way, and need not wait for what came before it. */
    mayOvertake(message: MessageHead, bytes: number): boolean;
    /** Whether a message is acted on though the transport has ended. If not, neither is what follows. */
    mayFinish(message: MessageHead, bytes: number): boolean;
    readonly receivedCalls: {
      /** A large call or event comes next. @returns whether it has to wait, so that nothing is served now */
      waitForRoom(): boolean;
      /** Whether a value of an argument may come. */
      takesValue(callId: number, place: number, bytes: number): boolean;
    };
  };
  /** Whether a message that breaks the protocol is of an extension that was not agreed, and so is only ignored. */
  isIgnored(error: unknown): boolean;
  /** Counts a ping. @returns false: there were too many, and the transport is destroyed */
  admitsPing(): boolean;
  /** Too much waits to be sent now, or all of that has left: see {@link Wire.isCongested}. */
  congestionChanged(): void;
  /** The transport is gone; with the error that it ended with, if there is one. */
  transportLost(error: Error | undefined): void;
}

/**
 * A connection's present transport, and what crosses it: messages in, texts out, both logged. What the messages mean
 * is the connection's business.
 */
export class Wire implements TransportReceiver, ReadAheadOwner, BacklogOwner, TurnQueueOwner, IntakeOwner {
  /** The peer's address; undefined where the transport knows none. */
  remoteAddress: string | undefined;
  /** The transport in use; null while it is lost. */
  transport: Transport | null = null;
  /** What has come while nothing is served; undefined while all is. */
  private readAhead: ReadAhead | undefined;
  /** What has come since a large message waits for its turn; undefined while none does. */
  private turnQueue: TurnQueue | undefined;
  /** How many handlers go on behind Promises since the transport has rested. */
  private goingOn = 0;
  sliceTurn = 0;
  sliceBytes = 0;
  // Made when something waits to be sent for the first time.
  private backlog: Backlog | undefined;
  // Made when much has arrived that is not served, for the first time.
  private intake: Intake | undefined;

  constructor(private readonly owner: WireOwner) {}

  /** Uses a fresh transport from now on. */
  attach(transport: Transport): void {
    this.transport = transport;
    this.remoteAddress = transport.remoteAddress;
    transport.receiver = this;
    transport.limitTo?.('maxHandshakeBytes');
  }

  /** The handshake is done: messages may be larger now. */
  opened(): void {
    this.transport?.limitTo?.('maxMessageBytes');
  }

  /** Gives the transport away; what was read of it and not served is dropped. */
  detach(): Transport | null {
    const { transport, turnQueue } = this;
    const hasEnded = turnQueue?.hasEnd === true;
    if (transport) transport.receiver = null;
    // A peer that did not wait for the answer to its handshake; its transport is not read.
    if (turnQueue && !this.owner.isOpen) transport?.destroy();
    this.dropUnserved();
    this.backlog?.clear();
    this.transport = null;
    return hasEnded ? null : transport;
  }

  /** Writes a message, if there is a transport. */
  write(message: WrittenMessage): void {
    const { transport, owner } = this;
    if (!transport) return;
    if (message.length >= COUNTED_FROM) sharedSlice.did(message.length, this);
    if (typeof message === 'string') transport.send(message);
    else this.writeAttached(transport, message);
    if (!owner.isLogged('outgoingMessage') || isProduction()) return;
    // The listener gets the bytes themselves.
    if (typeof message !== 'string') message.lease?.keep();
    owner.log('outgoingMessage', maskSecrets(toPlain(message, WITH_BYTES)));
  }

  private writeAttached(transport: Transport, message: AttachedMessage): void {
    const { lease } = message;
    // Others' bytes would be sent. Why an error that ends it: nobody may write what was acknowledged.
    if (lease?.isOver) this.fail(new Error('A message was to be sent that had arrived'));
    else if (this.owner.extensions.attachments) transport.sendAttached(message, lease?.write());
    else transport.send(joinParts(...textPieces(message)));
  }

  /** Sends what is waiting, then ends the transport. Nothing that comes, or has come, is served any more. */
  end(): void {
    this.giveUpUnserved();
    this.transport?.end();
  }

  /** Ends the transport at once, without an answer: the peer broke the protocol. */
  fail(error: unknown): void {
    this.giveUpUnserved();
    this.transport?.destroy(error instanceof Error ? error : undefined);
  }

  /** Ends the transport at once: the peer does not answer the heartbeat. */
  failSilent(): void {
    this.transport?.destroy(new RemoteError(ERR_NOT_CONNECTED, 'The peer does not answer pings'));
  }

  receiveMessage(data: ArrivedMessage): void {
    runInRootContext(receive, this, data);
  }

  receiveHeld(data: ArrivedMessage): void {
    runInRootContext(turn, this, data);
  }

  isTurnOver(bytes: number): boolean {
    return sharedSlice.isOverFor(bytes, this);
  }

  get timeAccount(): TimeAccount {
    return this.owner.timeAccountOf(this.remoteAddress);
  }

  waitForTurn(held: ReadAhead): void {
    sharedSlice.wait(() => {
      if (held.turnCame() && held === this.readAhead) this.holdServing(false);
    }, this.timeAccount);
  }

  transportWaits(bytes: number): void {
    if (bytes > 0) this.backlog ??= new Backlog(this, this.owner.limits, this.owner.sendMeter);
    this.backlog?.note(bytes);
  }

  transportHolds(bytes: number): void {
    this.countHeld(bytes);
  }

  /**
   * Counts what has arrived and is not served.
   * @param unfinished how many bytes of a message that has not arrived whole; 0 after any other
   */
  private countHeld(unfinished = this.intake?.unfinished ?? 0): void {
    const { receiveMeter } = this.owner;
    const waiting = (this.turnQueue?.heldBytes ?? 0) + (this.readAhead?.heldBytes ?? 0);
    if (!receiveMeter || (!this.intake && unfinished + waiting < COUNTED_FROM_BYTES)) return;
    this.intake ??= receiveMeter.intakeOf(this);
    this.intake.unfinished = unfinished;
    this.intake.note(waiting);
  }

  /** The handler of an event goes on behind a Promise. */
  handlerGoesOn(): void {
    this.goingOn += 1;
    if (this.goingOn < HANDLERS_AT_ONCE) return;
    this.goingOn = 0;
    this.transport?.rest?.();
  }

  congestionChanged(): void {
    runInRootContext(congested, this);
  }

  /** Whether so much waits to be sent that what can wait elsewhere should. */
  get isCongested(): boolean {
    return this.backlog?.isCongested === true;
  }

  /** Whether the transport takes no more than what ends it. */
  get isFull(): boolean {
    // Why half: a message of any size is still taken, and a bye behind it.
    return !this.transport || this.transport.waiting > this.owner.limits.maxSendBufferBytes / 2;
  }

  transportClosed(error: Error | undefined): void {
    runInRootContext(closed, this, error);
  }

  /** Tells of {@link isCongested}. */
  tellCongestion(): void {
    this.owner.congestionChanged();
  }

  /** Takes one message: acts on it, or lets it wait for its turn. */
  take(data: ArrivedMessage): void {
    if (this.turnQueue) {
      this.turnQueue.add(data);
      this.countHeld(0);
    } else if (!sharedSlice.isOverFor(data.length, this)) this.serve(data);
    else {
      this.turnQueue = new TurnQueue(this, maxAheadOf(this.owner.limits));
      this.turnQueue.add(data);
      this.transport?.pause();
      this.countHeld(0);
    }
  }

  turnCame(arrival: Arrival): void {
    runInRootContext(turn, this, arrival);
    this.countHeld();
  }

  turnsDone(queue: TurnQueue): void {
    // What it served last may have made another one.
    if (queue !== this.turnQueue) return;
    this.turnQueue = undefined;
    if (!this.readAhead?.isDeaf) this.transport?.resume();
  }

  /** Acts on one message, unless it has to wait. */
  serve(data: ArrivedMessage): void {
    const { transport, owner } = this;
    if (!transport) return;
    // It makes the read-ahead.
    if (!this.readAhead) this.isTooLarge(data);
    if (this.readAhead?.add(data)) {
      this.countHeld(0);
      return;
    }
    const { isOpen } = owner;
    let message: Message;
    try {
      message = isOpen
        ? parseMessage(data, transport.decoder, owner.limits, undefined, owner.extensions)
        : this.parseEarly(data, transport);
    } catch (error) {
      if (owner.isIgnored(error)) this.logRejected(data, transport);
      else this.fail(error);
      return;
    }
    // Before the handshake is done, only that is read: of another message its kind alone is known.
    const unread = !isOpen && message.kind === 'unknown' ? { [message.name]: undefined } : undefined;
    if (owner.isLogged('incomingMessage') && !isProduction())
      owner.log('incomingMessage', unread ?? toObject(data, transport, owner.limits));
    try {
      if (message.kind === 'empty') this.receiveEmpty();
      else if (!owner.handle(message, data.length)) this.logRejected(data, transport, unread);
    } catch (error) {
      // A callback of the user has thrown; the peer's next message must still be handled.
      owner.reportError(error);
    }
  }

  receivePing(): void {
    this.owner.admitsPing();
  }

  private receiveEmpty(): void {
    if (this.owner.admitsPing()) this.owner.log('heartbeat', {});
  }

  /** Takes the end of the transport, behind the messages that wait for their turn. */
  takeEnd(error: Error | undefined): void {
    // What waits is served then, and may be large; what is being served is told to stop, and may be many calls.
    const work = (this.readAhead?.heldBytes ?? 0) + this.owner.servedCount * END_OF_CALL_BYTES;
    if (!this.turnQueue && work > 0 && sharedSlice.isOverFor(work, this))
      this.turnQueue = new TurnQueue(this, Infinity);
    if (this.turnQueue) this.turnQueue.add({ error });
    else this.serveEnd(error);
  }

  /** Acts on what was read ahead, then tells of the end. */
  serveEnd(error: Error | undefined): void {
    this.turnQueue = undefined;
    if (this.readAhead?.finish() === false) {
      // The end waits with the rest of what has come before it.
      this.turnQueue = new TurnQueue(this, Infinity);
      this.turnQueue.add({ error });
      this.countHeld(0);
      return;
    }
    this.readAhead = undefined;
    this.countHeld(0);
    this.backlog?.clear();
    this.transport = null;
    this.owner.transportLost(error);
  }

  /** Stops or goes on serving what the peer sends. */
  holdServing(hold: boolean): void {
    if (hold) {
      if (!this.transport) return;
      this.readAhead ??= new ReadAhead(this, maxAheadOf(this.owner.limits));
      this.readAhead.hold();
      return;
    }
    const { readAhead } = this;
    if (!readAhead) return;
    const isDone = readAhead.release() && readAhead === this.readAhead;
    if (isDone) this.readAhead = undefined;
    this.countHeld();
    if (isDone) readAhead.goOn();
  }

  /** Whether the transport has ended, and what it had brought is served. */
  get isEnding(): boolean {
    return this.readAhead?.isFinishing === true;
  }

  /** Whether a pong could not be seen, because so much is unread. */
  get isDeaf(): boolean {
    return this.turnQueue !== undefined || this.readAhead?.isDeaf === true;
  }

  /** Whether part of a message has crossed the transport since the last question. */
  async hasMoved(): Promise<boolean> {
    return (await this.transport?.hasMoved?.()) ?? false;
  }

  peek(data: ArrivedMessage): MessageHead | undefined {
    try {
      const { transport, owner } = this;
      if (transport && !owner.isOpen) return this.parseEarly(data, transport);
      const decoder = transport?.decoder ?? null;
      return data.length >= LARGE_CALL_BYTES
        ? headOf(data, decoder, owner.limits)
        : parseMessage(data, decoder, owner.limits, undefined, owner.extensions);
    } catch {
      // The error is told when the message's turn comes.
      return undefined;
    }
  }

  mustWait(data: ArrivedMessage): boolean {
    // What waits for its turn is asked about when that comes.
    return !this.turnQueue && this.isTooLarge(data);
  }

  /** Whether a message has to wait until less is under way. If so, nothing is served from now on. */
  private isTooLarge(data: ArrivedMessage): boolean {
    const { transport, owner } = this;
    if (data.length < LARGE_CALL_BYTES || !owner.isCrowded || !owner.isOpen) return false;
    const head = headOf(data, transport?.decoder ?? null, owner.limits);
    const { receivedCalls } = owner.channel;
    if (head?.kind === 'sourceItem') {
      const { callId = NaN, place = NaN } = head;
      return !receivedCalls.takesValue(callId, place, data.length) && receivedCalls.waitForRoom();
    }
    return (head?.kind === 'call' || head?.kind === 'event') && receivedCalls.waitForRoom();
  }

  mayOvertake(message: MessageHead, bytes: number): boolean {
    return this.owner.channel.mayOvertake(message, bytes);
  }

  mayFinish(message: MessageHead, bytes: number): boolean {
    return this.owner.channel.mayFinish(message, bytes);
  }

  /** Serves what was held and may overtake the rest by now. @param ofCall only what belongs to this call */
  letOvertake(ofCall?: number): void {
    this.readAhead?.letOvertake(ofCall);
    this.countHeld();
  }

  holdReading(hold: boolean): void {
    if (hold) this.transport?.pause();
    else if (!this.turnQueue) this.transport?.resume();
  }

  probe(): void {
    this.transport?.send(HEARTBEAT_TEXT);
  }

  /** Drops what is not served. Where the end of the transport waits behind it, nothing else will tell of that. */
  private giveUpUnserved(): void {
    const { transport } = this;
    const hasEnded = this.turnQueue?.hasEnd === true;
    this.dropUnserved();
    if (!hasEnded) return;
    // Later. Why: the caller, who ends the transport, is not done.
    nextTick(() => {
      if (transport === this.transport) this.serveEnd(undefined);
    });
  }

  private dropUnserved(): void {
    this.turnQueue?.drop();
    this.turnQueue = undefined;
    this.readAhead?.drop();
    this.readAhead = undefined;
    this.countHeld(0);
  }

  /** Reads what comes before the handshake is done. */
  private parseEarly(data: ArrivedMessage, transport: Transport): Message {
    const { limits } = this.owner;
    const limit = tighterLimit(limits, 'maxHandshakeBytes');
    // A text has at least as many bytes as UTF-16 units.
    if (data.length > limits[limit]) throw new OversizeError(limits[limit], limit);
    return parseMessage(data, transport.decoder, limits, limits.maxHandshakeDepth);
  }

  private logRejected(data: ArrivedMessage, transport: Transport, unread?: object): void {
    const { owner } = this;
    if (owner.isLogged('messageRejected'))
      owner.log('messageRejected', unread ?? toObject(data, transport, owner.limits));
  }
}

/** How many bytes an honest peer may have on its way: a last message, or what it may journal where reading cannot stop. */
function maxAheadOf({ journalMaxBytes, journalMaxEntries, maxMessageBytes }: Limits): number {
  const journal = journalMaxBytes + journalMaxEntries * HELD_MESSAGE_BYTES;
  return Math.max(journal, READ_AHEAD_BYTES + maxMessageBytes + HELD_MESSAGE_BYTES);
}

/** The message as the plain object that log listeners get; as deep and as large as it was received. */
function toObject(data: ArrivedMessage, transport: Transport, limits: Limits): unknown {
  const { decoder } = transport;
  const options = { maxDepth: limits.maxDepth, maxValues: limits.maxMessageNodes, ...WITH_BYTES };
  return maskSecrets(toPlain(data, options, (bytes) => decoder?.utf8Slice(bytes, 0, bytes.length) ?? ''));
}

function toPlain(
  message: ArrivedMessage,
  options: ParseOptions,
  decode: (bytes: Uint8Array) => string = String,
): unknown {
  const attached = message instanceof AttachedMessage ? message.bytes : undefined;
  const text = message instanceof AttachedMessage ? message.text : message;
  return parse(typeof text === 'string' ? text : decode(text), attached ? { ...options, attached } : options);
}

function receive(wire: Wire, data: ArrivedMessage): void {
  wire.take(data);
}

function turn(wire: Wire, arrival: Arrival): void {
  if (isEnd(arrival)) wire.serveEnd(arrival.error);
  else wire.serve(arrival);
}

function congested(wire: Wire): void {
  wire.tellCongestion();
}

function closed(wire: Wire, error: Error | undefined): void {
  wire.takeEnd(error);
}
