import type { Limits } from '../protocol/limits.js';
import { ignore } from '../util/callback.js';
import { Backlog, type BacklogOwner } from './backlog.js';
import type { SendMeter } from './send-meter.js';
import type { Transport, TransportReceiver } from './transport.js';

/**
 * A transport that ends as another one has its place: what waits to be sent goes on counting until that is sent, or the
 * transport is closed. Why: a peer that reads nothing may take the place of its own transport many times a second.
 */
export class LeavingTransport implements TransportReceiver, BacklogOwner {
  readonly congestionChanged = ignore;
  readonly receiveMessage = ignore;
  private readonly backlog: Backlog;

  /**
   * @param transport the transport, which is ended
   * @param limits from how many bytes on too much waits
   * @param meter counts the backlogs of a server
   */
  constructor(
    readonly transport: Transport,
    limits: Limits,
    meter: SendMeter | undefined,
  ) {
    this.backlog = new Backlog(this, limits, meter);
    transport.receiver = this;
    this.backlog.note(transport.waiting);
    transport.end();
  }

  transportWaits(bytes: number): void {
    this.backlog.note(bytes);
  }

  transportClosed(): void {
    this.backlog.clear();
  }
}
