import { bytesInFlightTotal, type Limits } from '../../protocol/limits.js';
import { InFlightMeter, type MeteredCalls } from './in-flight-meter.js';

/** What all connections of a server have under way, also those that have ended while handlers of theirs run. */
export class InFlight {
  /** The size on the wire of calls and events, in bytes. */
  readonly bytes: InFlightMeter;
  /** The number of calls and events. */
  readonly calls: InFlightMeter;
  /** How many of those are of connections that have ended. */
  readonly abandoned: InFlightMeter;

  constructor(limits: Pick<Limits, 'maxBytesInFlightTotal' | 'maxCallsInFlightTotal'>) {
    this.bytes = new InFlightMeter(bytesInFlightTotal(limits));
    this.calls = new InFlightMeter(limits.maxCallsInFlightTotal);
    this.abandoned = new InFlightMeter(limits.maxCallsInFlightTotal);
  }

  /** Counts a call or an event that has begun. */
  add(bytes: number): void {
    this.bytes.add(bytes);
    this.calls.add(1);
  }

  /** Takes one off the count that has ended. */
  remove(bytes: number): void {
    this.bytes.remove(bytes);
    this.calls.remove(1);
  }

  /** Forgets who waits, since it has ended. */
  leave(calls: MeteredCalls): void {
    this.bytes.leave(calls);
    this.calls.leave(calls);
    this.abandoned.leave(calls);
  }
}
