import type { Limits } from '../protocol/limits.js';
import { slowPeerError } from '../protocol/slow-peer.js';
import { CROWDED_MARK, type MeteredBacklog, type SendMeter } from './send-meter.js';
import type { Transport } from './transport.js';

/** What a backlog asks of its wire. */
export interface BacklogOwner {
  /** The transport on which it waits; null while that is lost. */
  readonly transport: Transport | null;
  /** {@link Backlog.isCongested} has changed. */
  congestionChanged(): void;
}

/** What waits to be sent on the present transport of a connection. */
export class Backlog implements MeteredBacklog {
  bytes = 0;
  /** Whether more than the high-water mark waits, or did, and not all of that has left. */
  isCongested = false;

  /**
   * @param owner the wire
   * @param limits from how many bytes on too much waits
   * @param meter counts the backlogs of a server
   */
  constructor(
    private readonly owner: BacklogOwner,
    private readonly limits: Pick<Limits, 'sendHighWaterMark' | 'maxSendBufferBytes'>,
    private readonly meter: SendMeter | undefined,
  ) {}

  /** So many bytes wait now. */
  note(bytes: number): void {
    this.count(bytes);
    // Why until all has left: the transports tell that by themselves, and a peer that reads needs no more than that.
    const isCongested = bytes > (this.isCongested ? 0 : this.mark);
    if (isCongested === this.isCongested) return;
    this.isCongested = isCongested;
    if (isCongested && bytes <= this.ownMark) this.meter?.onHeld();
    this.owner.congestionChanged();
  }

  /** Nothing waits any more, as the transport is gone. */
  clear(): void {
    this.count(0);
    this.isCongested = false;
  }

  recount(): void {
    this.count(Math.min(this.bytes, this.owner.transport?.waiting ?? 0));
  }

  giveUp(): void {
    this.count(0);
    this.owner.transport?.destroy(
      slowPeerError('more waits for all clients together than limits.maxSendBufferBytesTotal allows'),
    );
  }

  private count(bytes: number): void {
    const { bytes: before, meter } = this;
    this.bytes = bytes;
    meter?.count(this, before);
  }

  private get mark(): number {
    return this.meter?.isCrowded ? Math.min(this.ownMark, CROWDED_MARK) : this.ownMark;
  }

  /** The mark where little waits for all clients together. */
  private get ownMark(): number {
    return Math.min(this.limits.sendHighWaterMark, this.limits.maxSendBufferBytes);
  }
}
