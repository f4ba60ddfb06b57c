import { LimitError } from '../protocol/limit-error.js';
import { now } from '../util/host.js';
import { COUNTED_FROM_BYTES } from './transport.js';

/** What an intake asks of its wire. */
export interface IntakeOwner {
  /** The peer's address; undefined where the transport knows none. */
  readonly remoteAddress: string | undefined;
  /** Ends the transport. */
  fail(error: unknown): void;
}

/** What counts the intakes of a server. */
export interface IntakeMeter {
  /** How many bytes all may have. */
  readonly maxBytes: number;
  /** Counts an intake that has changed. @param before how many bytes were counted of it */
  count(intake: Intake, before: number): void;
}

/** What has arrived on the present transport of a connection and is not served. Less than 16 KiB is not counted. */
export class Intake {
  /** How many bytes are counted. */
  bytes = 0;
  /** Since when that has not become less, as {@link now} tells the time. */
  since = 0;
  /** How many bytes the transport holds: of a message that has not arrived whole, or that came behind a pause. */
  unfinished = 0;

  /**
   * @param owner the wire
   * @param meter counts the intakes of a server
   */
  constructor(
    private readonly owner: IntakeOwner,
    private readonly meter: IntakeMeter,
  ) {}

  /** The address of the client; undefined where it has none. */
  get address(): string | undefined {
    return this.owner.remoteAddress;
  }

  /** So many bytes wait, besides the unfinished ones. */
  note(waiting: number): void {
    const { bytes: before } = this;
    const held = this.unfinished + waiting;
    this.bytes = held < COUNTED_FROM_BYTES ? 0 : held;
    if (this.bytes === before) return;
    // It has become less: the peer makes progress.
    if (before === 0 || this.bytes < before) this.since = now();
    this.meter.count(this, before);
  }

  /** Gives the client up. */
  giveUp(): void {
    const most = `limits.maxReceiveBufferBytesTotal, ${this.meter.maxBytes} bytes`;
    this.owner.fail(
      new LimitError(
        'maxReceiveBufferBytesTotal',
        `More has arrived of all clients, and is not served, than ${most}; much of this one, for long`,
      ),
    );
  }
}
