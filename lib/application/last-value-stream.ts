import { sharedSlice } from '../util/time-slice.js';
import type { IncomingCall, OutgoingStream } from './incoming-call.js';

/** A stream to a caller that knows none: the last value is the call's result. */
export class LastValueStream implements OutgoingStream {
  private results: unknown[] = [];

  constructor(private readonly call: Pick<IncomingCall, 'succeed' | 'fail' | 'isOpen'>) {}

  write(value: unknown): boolean {
    this.results = [value];
    return this.call.isOpen;
  }

  async ready(): Promise<boolean> {
    await sharedSlice.pause();
    return this.call.isOpen;
  }

  end(): void {
    this.call.succeed(this.results);
  }

  fail(error: unknown): void {
    this.call.fail(error);
  }
}
