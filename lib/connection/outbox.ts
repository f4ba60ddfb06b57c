import { ERR_INVALID_NAME, ERR_JOURNAL_FULL, ERR_NOT_CONNECTED } from '../protocol/error-codes.js';
import { formatPing } from '../protocol/format-message.js';
import type { Limits } from '../protocol/limits.js';
import { isPortableName, type NamedKind } from '../protocol/names.js';
import { checkSize } from '../protocol/message-size.js';
import { RemoteError } from '../protocol/remote-error.js';
import type { Journal } from '../session/journal.js';
import { createOutgoingCall, OutgoingCalls, type OutgoingCall } from './outgoing-calls.js';

// What an event-only sender keeps at most before it asks, by a ping, how far the peer has read. Small
// against the journal's cap, large against the ping.
const PING_AFTER_ENTRIES = 1024;
const PING_AFTER_BYTES = 1024 * 1024;

/** What the outbox asks of its connection. */
export interface OutboxLink {
  /** The journal of the session; undefined before the handshake. */
  readonly journal: Journal | undefined;
  /** Whether the connection has ended: what is sent now would wait for ever. */
  readonly isClosed: boolean;
  /** Whether a numbered message can be written now. */
  readonly isOpen: boolean;
  /** Whether any name may be sent. */
  readonly allowsAnyName: boolean;
  /** Writes a text to the link. */
  write(text: string): void;
  /** Runs the user's code, reporting what it throws. */
  guard(run: () => void): void;
}

/**
 * What this side sends with a number, and waits to have answered or acknowledged. Numbers are given, and
 * the texts journaled, in the order of sending, whether the link is up or not.
 */
export class Outbox {
  readonly calls: OutgoingCalls;
  private isAskingForAcknowledgement = false;

  /**
   * @param link the connection
   * @param sign +1 for a client's numbers, -1 for a server's
   */
  constructor(
    private readonly link: OutboxLink,
    private readonly sign: 1 | -1,
    private readonly limits: Limits,
  ) {
    this.calls = new OutgoingCalls(link);
  }

  /** Why a named message cannot be sent; undefined: it can. */
  refusal(kind: NamedKind, name: string): RemoteError | undefined {
    if (!this.link.allowsAnyName && !isPortableName(name, kind)) {
      return new RemoteError(
        ERR_INVALID_NAME,
        `'${name}' cannot be sent as the name of a ${kind} to this peer`,
      );
    }
    return this.fullness();
  }

  /** Why nothing can be sent; undefined: it can. */
  fullness(): RemoteError | undefined {
    const { journal } = this.link;
    if (!journal || this.link.isClosed) return new RemoteError(ERR_NOT_CONNECTED);
    const isFull = !this.hasRoom || this.calls.size >= this.limits.maxPendingCalls;
    return isFull ? new RemoteError(ERR_JOURNAL_FULL) : undefined;
  }

  /** Whether the journal takes more. */
  get hasRoom(): boolean {
    const { journal } = this.link;
    const { journalMaxEntries, journalMaxBytes } = this.limits;
    return journal !== undefined && journal.size < journalMaxEntries && journal.bytes < journalMaxBytes;
  }

  /** The number of the next message, as the wire has it. */
  get nextId(): number {
    return this.sign * ((this.link.journal?.lastId ?? 0) + 1);
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
   * Journals a text that has the number {@link nextId}, and writes it if the link is up.
   * @throws JstpError ERR_JSTP_MESSAGE_TOO_LARGE: a peer would cut the line for it, at each resume again
   */
  commit(text: string, call?: OutgoingCall): void {
    const { journal } = this.link;
    if (!journal) return;
    checkSize(text, this.limits);
    journal.append(text);
    if (call) {
      call.id = journal.lastId;
      this.calls.add(call);
    }
    if (!this.link.isOpen) return;
    this.link.write(text);
    if (journal.size >= this.pingAfterEntries || journal.bytes >= this.pingAfterBytes)
      this.askForAcknowledgement();
  }

  /** Sends a ping; the callback gets its pong. */
  ping(callback: (error: unknown) => void): void {
    this.commit(formatPing(this.nextId), createOutgoingCall(callback));
  }

  /** The peer has received everything up to a number of this side. */
  acknowledge(ownId: number): void {
    this.link.journal?.acknowledge(ownId);
  }

  /** Sends everything again that the peer has not received. */
  replay(receivedCount: number): void {
    const { journal } = this.link;
    if (!journal) return;
    this.isAskingForAcknowledgement = false;
    journal.acknowledge(receivedCount);
    journal.noteReplay();
    this.calls.loseUpTo(receivedCount);
    for (const { text } of journal) this.link.write(text);
  }

  private get pingAfterEntries(): number {
    return Math.min(PING_AFTER_ENTRIES, this.limits.journalMaxEntries / 2);
  }

  private get pingAfterBytes(): number {
    return Math.min(PING_AFTER_BYTES, this.limits.journalMaxBytes / 2);
  }

  private askForAcknowledgement(): void {
    if (this.isAskingForAcknowledgement) return;
    this.isAskingForAcknowledgement = true;
    this.ping(() => {
      this.isAskingForAcknowledgement = false;
    });
  }
}
