/**
 * Says how much may wait in a transport: as many bytes as its limit allows, and besides a message that is larger than that
 * by itself. Why: a heartbeat must not end a transport because a message that was admitted is large.
 */
export class SendRoom {
  /** How many bytes waited before the last message. */
  private before = 0;
  /** The size of the largest message that waits, where that alone is over the limit. */
  private large = 0;

  /** @param most `limits.maxSendBufferBytes` */
  constructor(private readonly most: number) {}

  /** Whether something may be sent while so many bytes wait. */
  admits(waiting: number): boolean {
    this.before = waiting;
    if (waiting <= this.most) this.large = 0;
    return waiting <= this.most + this.large;
  }

  /** Notes how many bytes wait since something was sent. */
  sent(waiting: number): void {
    const size = waiting - this.before;
    if (size > this.most) this.large = Math.max(this.large, size);
  }
}
