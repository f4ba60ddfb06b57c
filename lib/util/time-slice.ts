import { afterPoll, now } from './host.js';

/** How long a loop may run, in milliseconds, before the rest of the program gets a turn. */
const SLICE_MS = 10;

/** Gives the rest of the program its turns while a long loop runs that awaits nothing else. */
export class TimeSlice {
  private end = now() + SLICE_MS;

  /** Returns a Promise to await before the loop goes on; undefined while the time slice is not over. */
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
