/** Tells once of each time that Redis is away, however many attempts fail in it. */
export class Outage {
  private isOpen = false;
  private isChannelDown = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** A command failed. */
  commandFailed(error: unknown): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.report(error);
  }

  /** The channel's connection failed. */
  channelFailed(error: unknown): void {
    this.isChannelDown = true;
    this.commandFailed(error);
  }

  /** The channel is back. */
  channelReady(): void {
    this.isChannelDown = false;
  }

  /** A command succeeded: with the channel up, the outage is over. */
  commandSucceeded(): void {
    if (!this.isChannelDown) this.isOpen = false;
  }
}
