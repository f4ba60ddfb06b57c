import type { Socket } from 'node:net';
import { JstpError } from '../protocol/jstp-error.js';
import type { Limits } from '../protocol/limits.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';

/** Node's handle of a socket: how much of the write under way the system has not taken yet. */
type SocketWithHandle = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

/** Watches over what waits in a socket for a peer that reads slowly, or not at all. */
export class SendGuard implements Expirable {
  private isWatching = false;
  /** What was written since the guard is here, in the units of the socket's `writableLength`. */
  private written = 0;
  /** What of it had left when the watch began, and what remained of the write under way. */
  private leftBefore = 0;
  private remainingBefore = 0;

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
    if (this.isWatching) sharedDeadlines(this.limits.sendStallTimeoutMs).delete(this);
    this.isWatching = false;
  }

  /** A stall time is over: has the peer read anything in it? */
  expire(): void {
    this.isWatching = false;
    if (this.socket.writableLength === 0) return;
    if (this.left !== this.leftBefore || this.remaining !== this.remainingBefore) this.watch();
    else this.giveUp(new JstpError('ERR_JSTP_STALLED_PEER', 'The peer has stopped reading'));
  }

  private watch(): void {
    if (this.limits.sendStallTimeoutMs === 0) return;
    this.isWatching = true;
    this.leftBefore = this.left;
    this.remainingBefore = this.remaining;
    sharedDeadlines(this.limits.sendStallTimeoutMs).add(this);
  }

  private get left(): number {
    return this.written - this.socket.writableLength;
  }

  /** Node joins what waits into one large write; its progress is seen here alone (as Node's own idle timeout does). */
  private get remaining(): number {
    return (this.socket as SocketWithHandle)._handle?.writeQueueSize ?? 0;
  }
}
