import type { Socket } from 'node:net';
import { unacknowledgedBytes } from './system-queue.js';

/** What goes at once, whether the peer reads it or not: pings among it. */
const SMALL_BYTES = 16 * 1024;

/** What a transport knows of its bytes. */
export interface LineState {
  /** How many bytes have come. */
  readonly come: number;
  /** Whether the last of them belong to a message that is not whole. */
  readonly isMidMessage: boolean;
  /** How many bytes have gone to the system, whatever counts them. */
  readonly gone: number;
  /** How many more wait. */
  readonly waiting: number;
}

/** Notices that large messages move over a line on which nothing else comes through meanwhile. */
export class TransferProgress {
  private before: LineState | undefined;
  private queueBefore: number | undefined;

  constructor(private readonly socket: Socket) {}

  /** Whether a message under way has moved since the last question; at the first one, whether there is one. */
  async hasMoved(state: LineState): Promise<boolean> {
    const { before, queueBefore } = this;
    this.before = state;
    this.queueBefore = await unacknowledgedBytes(this.socket);
    if (!before) return state.isMidMessage || state.waiting > SMALL_BYTES;
    const hasCome = state.isMidMessage && state.come > before.come;
    const hasGone = before.waiting > SMALL_BYTES && state.gone > before.gone;
    const hasLeft =
      queueBefore !== undefined && queueBefore > SMALL_BYTES && (this.queueBefore ?? Infinity) < queueBefore;
    return hasCome || hasGone || hasLeft;
  }
}
