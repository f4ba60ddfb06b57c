import type { Socket } from 'node:net';
import { unacknowledgedBytes } from './unacknowledged-bytes.js';

/** Messages of this size go to the system at once, pings among them, whether the peer reads or not. */
const SMALL_BYTES = 16 * 1024;

/** The byte counts of a transport. */
export interface TransferState {
  /** How many bytes were received. */
  readonly received: number;
  /** Whether the last bytes received belong to a message that is not complete yet. */
  readonly isMidMessage: boolean;
  /** How much was handed to the system, in any unit that stays the same. */
  readonly sent: number;
  /** How many bytes wait to be handed to the system. */
  readonly waiting: number;
}

/** Tells whether a large message is moving through a transport on which nothing else comes through meanwhile. */
export class TransferProgress {
  private before: TransferState | undefined;
  private queueBefore: number | undefined;

  /** @param socket the transport's socket */
  constructor(private readonly socket: Socket) {}

  /**
   * Whether a message under way has moved since the last call. The first call answers whether one is under way.
   * @param state the transport's counts now
   */
  async hasMoved(state: TransferState): Promise<boolean> {
    const { before, queueBefore } = this;
    // Before the system is asked, so that another call meanwhile compares with this state.
    this.before = state;
    this.queueBefore = await unacknowledgedBytes(this.socket);
    if (!before) return state.isMidMessage || state.waiting > SMALL_BYTES;
    const hasReceived = state.isMidMessage && state.received > before.received;
    const hasSent = before.waiting > SMALL_BYTES && state.sent > before.sent;
    const hasLeftSystem =
      queueBefore !== undefined && queueBefore > SMALL_BYTES && (this.queueBefore ?? Infinity) < queueBefore;
    return hasReceived || hasSent || hasLeftSystem;
  }
}
