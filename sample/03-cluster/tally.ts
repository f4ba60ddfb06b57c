import { ERR_CALLBACK_LOST, RemoteError } from 'nestjs-jstp/core';

/** What a client has seen. */
export class Tally {
  /** Calls that were made. */
  calls = 0;
  /** Those that were answered. */
  readonly answered: string[] = [];
  /** Those that failed with the code -1: nobody can say by it whether they ran. */
  readonly lost: string[] = [];
  /** Those that failed in any other way, with what they failed with. */
  readonly otherFailures: string[] = [];
  /** How often the session went on at another instance. */
  resumed = 0;
  sessionsLost = 0;
  eventsReceived = 0;
  /** Events that came again, or too late. */
  eventsOutOfOrder = 0;
  /** How often the numbers of the events had a gap. */
  gaps = 0;
  /** The number of the last event. */
  lastEvent = 0;

  failed(call: string, error: unknown): void {
    if (error instanceof RemoteError && error.code === ERR_CALLBACK_LOST) this.lost.push(call);
    else this.otherFailures.push(`${call}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** An event came; they are numbered from 1. */
  received(number: number): void {
    if (number <= this.lastEvent) {
      this.eventsOutOfOrder += 1;
      return;
    }
    this.eventsReceived += 1;
    if (number > this.lastEvent + 1) this.gaps += 1;
    this.lastEvent = number;
  }
}
