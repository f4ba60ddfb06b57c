/** Reports each outage of Redis once, however many attempts fail in it. */
export class Outage {
  private isOpen = false;
  private isChannelDown = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** Notes that a command has failed. */
  commandFailed(error: unknown): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.report(error);
  }

  /** Notes that the connection of the channel is lost, or was not made. */
  channelFailed(error: unknown): void {
    this.isChannelDown = true;
    this.commandFailed(error);
  }

  /** Notes that the channel is subscribed. */
  channelReady(): void {
    this.isChannelDown = false;
  }

  /** Notes that a command has succeeded: the outage is over, unless the channel is down. */
  commandSucceeded(): void {
    if (!this.isChannelDown) this.isOpen = false;
  }
}
