import { afterPoll, now } from './host.js';

/** So long a loop may go on before the rest of the program gets a turn. */
const SLICE_MS = 10;

/** Lets a loop that never waits for anything give the rest of the program its turns. */
export class TimeSlice {
  private end = now() + SLICE_MS;

  /** A Promise to wait for where the slice is over; undefined: the loop may go on. */
  pause(): Promise<void> | undefined {
    if (now() < this.end) return undefined;
    return new Promise<void>((resolve) => {
      afterPoll(() => {
        this.end = now() + SLICE_MS;
        resolve();
      });
    });
  }
}
