import { keptCopy, type ArrivedMessage } from '../protocol/attached-message.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { sharedSlice, type SliceUser } from '../util/time-slice.js';
import type { TimeAccount } from '../util/waiting-line.js';
import { HELD_MESSAGE_BYTES } from './read-ahead.js';

/** What waits: a message, or the end of the transport. */
export type Arrival = ArrivedMessage | { readonly error: Error | undefined };

/** What the queue asks of its wire. */
export interface TurnQueueOwner extends SliceUser {
  /** Counts the time that it has when it has waited for its turn. */
  readonly timeAccount: TimeAccount;
  /** Acts on what has waited. */
  turnCame(arrival: Arrival): void;
  /** Nothing waits any more. */
  turnsDone(queue: TurnQueue): void;
  /** Ends the transport: the peer broke the protocol. */
  fail(error: unknown): void;
}

/** What has arrived on one transport since a message there waits for its turn: those of all transports had theirs. */
export class TurnQueue {
  private held: Arrival[] = [];
  /** What the messages count as that wait: their bytes, and {@link HELD_MESSAGE_BYTES} for each. */
  heldBytes = 0;
  private isDropped = false;

  /**
   * @param owner the wire on which it arrives
   * @param maxBytes ends the transport above this, where that does not stop when it is paused
   */
  constructor(
    private readonly owner: TurnQueueOwner,
    private readonly maxBytes: number,
  ) {
    this.wait();
  }

  /** Whether the transport has ended. */
  get hasEnd(): boolean {
    const last = this.held.at(-1);
    return last !== undefined && isEnd(last);
  }

  /** Adds what has arrived. */
  add(arrival: Arrival): void {
    // A copy. Why: the transport uses the bytes again.
    this.held.push(isEnd(arrival) ? arrival : keptCopy(arrival));
    this.heldBytes += heldSizeOf(arrival);
    if (this.heldBytes > this.maxBytes && this.held.length > 1)
      this.owner.fail(new ProtocolError('Too much sent at once'));
  }

  /** Drops what waits. */
  drop(): void {
    this.isDropped = true;
    this.held = [];
    this.heldBytes = 0;
  }

  private wait(): void {
    sharedSlice.wait(() => {
      this.serve();
    }, this.owner.timeAccount);
  }

  private serve(): void {
    let isFirst = true;
    while (!this.isDropped) {
      const next = this.held.at(0);
      if (next === undefined) break;
      const bytes = sizeOf(next);
      if (!isFirst && sharedSlice.isOverFor(bytes, this.owner)) {
        this.wait();
        return;
      }
      isFirst = false;
      this.held.shift();
      this.heldBytes -= heldSizeOf(next);
      this.owner.turnCame(next);
    }
    if (!this.isDropped) this.owner.turnsDone(this);
  }
}

function sizeOf(arrival: Arrival): number {
  return isEnd(arrival) ? 0 : arrival.length;
}

function heldSizeOf(arrival: Arrival): number {
  return isEnd(arrival) ? 0 : arrival.length + HELD_MESSAGE_BYTES;
}

/** Whether it is the end of the transport. */
export function isEnd(arrival: Arrival): arrival is { readonly error: Error | undefined } {
  return typeof arrival === 'object' && 'error' in arrival;
}
