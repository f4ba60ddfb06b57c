import type { Socket } from 'node:net';
import type { Limits } from '../protocol/limits.js';
import type { DeadlineQueue } from '../util/deadline-queue.js';
import { now } from '../util/host.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';
import { unacknowledgedBytes, unwrittenBytes } from './node-internals.js';
import { slowPeerError, stalledPeerError } from '../protocol/slow-peer.js';

/** How many times within `sendStallTimeoutMs` the guard checks for progress. */
const CHECKS = 4;

/** What the guard asks of its transport. */
export interface SendGuardOwner {
  /** Gives the peer up, for that reason. */
  destroy(error: Error): void;
  /** So many bytes wait now; 0: all have left. */
  noteWaiting(bytes: number): void;
}

/** Gives up a peer that reads too slowly, or not at all, by what waits in the socket. */
export class SendGuard implements Expirable {
  private isWatching = false;
  /** How much was written since the guard exists, in the unit of the socket's `writableLength`. */
  private written = 0;
  /** {@link sent} when the last progress was seen. */
  private sentBefore = 0;
  /** When the last progress was seen, by the clock of {@link now}. */
  private movedAt = 0;
  private isDrainAwaited = false;
  /** How many unacknowledged bytes the system held at the last check. */
  private queueBefore: number | undefined;

  /**
   * @param socket the socket
   * @param limits how many bytes may wait, and how long without any progress
   * @param owner the transport
   */
  constructor(
    private readonly socket: Socket,
    private readonly limits: Pick<Limits, 'maxSendBufferBytes' | 'sendStallTimeoutMs'>,
    private readonly owner: SendGuardOwner,
  ) {}

  /** Whether more may be written; else the peer is given up. */
  admits(): boolean {
    if (this.socket.writableLength <= this.limits.maxSendBufferBytes) return true;
    this.owner.destroy(slowPeerError());
    return false;
  }

  /** Counts a write that was just made. */
  wrote(length: number): void {
    this.written += length;
    const { socket } = this;
    const waiting = socket.writableLength;
    if (waiting === 0) return;
    // Less than what a socket itself calls much is not told of. Why: its end would not be told.
    if (socket.writableNeedDrain) this.noteWaiting(waiting);
    if (!this.isWatching) this.watch();
  }

  /** Stops watching, since the socket is closed. */
  stop(): void {
    if (this.isWatching) this.deadlines.delete(this);
    this.isWatching = false;
  }

  /** Checks for progress, since a part of the stall time is over. */
  expire(): void {
    if (this.socket.writableLength === 0) this.isWatching = false;
    else if (this.sent !== this.sentBefore) this.noteProgress();
    else void this.askSystem();
  }

  /** How much was handed to the system since the guard exists. */
  get sent(): number {
    return this.written - this.socket.writableLength - unwrittenBytes(this.socket);
  }

  private noteWaiting(bytes: number): void {
    if (!this.isDrainAwaited) {
      this.isDrainAwaited = true;
      this.socket.once('drain', () => {
        this.isDrainAwaited = false;
        this.owner.noteWaiting(0);
      });
    }
    this.owner.noteWaiting(bytes);
  }

  /** Asks whether the peer has taken some of what the system holds, since nothing new was handed to the system. */
  private async askSystem(): Promise<void> {
    const { queueBefore } = this;
    const queue = await unacknowledgedBytes(this.socket);
    if (!this.isWatching) return;
    this.queueBefore = queue;
    const hasMoved = this.sent !== this.sentBefore || (queueBefore !== undefined && queue !== queueBefore);
    if (hasMoved) this.noteProgress();
    else if (now() - this.movedAt < this.limits.sendStallTimeoutMs) this.wait();
    else this.owner.destroy(stalledPeerError());
  }

  private watch(): void {
    if (this.limits.sendStallTimeoutMs === 0) return;
    this.isWatching = true;
    this.queueBefore = undefined;
    this.noteProgress();
  }

  private noteProgress(): void {
    this.movedAt = now();
    this.sentBefore = this.sent;
    this.wait();
  }

  private wait(): void {
    this.deadlines.add(this);
  }

  private get deadlines(): DeadlineQueue<Expirable> {
    return sharedDeadlines(Math.ceil(this.limits.sendStallTimeoutMs / CHECKS));
  }
}
