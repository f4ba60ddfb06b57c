import type { Socket } from 'node:net';
import { JstpError } from '../protocol/jstp-error.js';
import type { Limits } from '../protocol/limits.js';
import type { DeadlineQueue } from '../util/deadline-queue.js';
import { now } from '../util/host.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';
import { unacknowledgedBytes } from './system-queue.js';

/** So often in a stall time it is looked whether something has moved. */
const LOOKS = 4;

/** Node's handle of a socket: how much of the write under way the system has not taken yet. */
type SocketWithHandle = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

/** Watches over what waits in a socket for a peer that reads slowly, or not at all. */
export class SendGuard implements Expirable {
  private isWatching = false;
  /** What was written since the guard is here, in the units of the socket's `writableLength`. */
  private written = 0;
  /** What had gone when last something moved, and when that was. */
  private goneBefore = 0;
  private movedAt = 0;
  /** What the system held at the last look. */
  private queueBefore: number | undefined;

  /**
   * @param socket the socket
   * @param limits how much may wait, and how long without any progress
   * @param giveUp called when the peer is given up
   */
  constructor(
    private readonly socket: Socket,
    private readonly limits: Pick<Limits, 'maxSendBufferBytes' | 'sendStallTimeoutMs'>,
    private readonly giveUp: (error: Error) => void,
  ) {}

  /** Something was written. */
  wrote(length: number): void {
    this.written += length;
    const waiting = this.socket.writableLength;
    if (waiting === 0) return;
    if (waiting > this.limits.maxSendBufferBytes) {
      this.giveUp(new JstpError('ERR_JSTP_SLOW_PEER', 'The peer reads too slowly: its send buffer is full'));
    } else if (!this.isWatching) this.watch();
  }

  /** The socket is closed. */
  stop(): void {
    if (this.isWatching) this.deadlines.delete(this);
    this.isWatching = false;
  }

  /** A part of the stall time is over: has the peer read anything in it? */
  expire(): void {
    if (this.socket.writableLength === 0) this.isWatching = false;
    else if (this.gone !== this.goneBefore) this.moved();
    else void this.askSystem();
  }

  /** How much has gone, as far as it is seen here. */
  get gone(): number {
    return this.left - this.remaining;
  }

  /** Nothing is seen from here, but the system may have sent some of what it holds. */
  private async askSystem(): Promise<void> {
    const { queueBefore } = this;
    const queue = await unacknowledgedBytes(this.socket);
    if (!this.isWatching) return;
    this.queueBefore = queue;
    if (this.gone !== this.goneBefore || (queueBefore !== undefined && queue !== queueBefore)) this.moved();
    else if (now() - this.movedAt < this.limits.sendStallTimeoutMs) this.wait();
    else this.giveUp(new JstpError('ERR_JSTP_STALLED_PEER', 'The peer has stopped reading'));
  }

  private watch(): void {
    if (this.limits.sendStallTimeoutMs === 0) return;
    this.isWatching = true;
    this.queueBefore = undefined;
    this.moved();
  }

  private moved(): void {
    this.movedAt = now();
    this.goneBefore = this.gone;
    this.wait();
  }

  private wait(): void {
    this.deadlines.add(this);
  }

  private get deadlines(): DeadlineQueue<Expirable> {
    return sharedDeadlines(Math.ceil(this.limits.sendStallTimeoutMs / LOOKS));
  }

  private get left(): number {
    return this.written - this.socket.writableLength;
  }

  /** Node joins what waits into one large write; its progress is seen here alone (as Node's own idle timeout does). */
  private get remaining(): number {
    return (this.socket as SocketWithHandle)._handle?.writeQueueSize ?? 0;
  }
}
