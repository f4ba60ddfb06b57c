import {
  bytesInFlightTotal,
  sendBufferBytesTotal,
  type Limits,
  type TotalLimit,
} from '../../protocol/limits.js';
import { AbandonedHandlers, type AddressedCalls } from './abandoned-handlers.js';
import { BytesInFlight, type WeighedCalls } from './bytes-in-flight.js';
import { ExtraValue } from './extra-value.js';
import { HeldValues } from './held-values.js';
import { InFlightMeter } from './in-flight-meter.js';
import { LARGE_CALL_BYTES } from './weight.js';

/** The calls of one connection, as they count for the server. */
export type CountedCalls = AddressedCalls & WeighedCalls;

/** What all connections of a server have under way, also those that have ended while handlers of theirs run. */
export class InFlight {
  /** What calls and events count as, in bytes. */
  readonly bytes: BytesInFlight;
  /** The number of calls and events. */
  readonly calls: InFlightMeter;
  /** Those of connections that have ended. */
  readonly abandoned: AbandonedHandlers;

  /** Values of streams beyond the limits. */
  readonly extraValue = new ExtraValue();

  /** The values that streams hold until their callers give credit. */
  readonly values: HeldValues;

  /** @param onHeld called when a connection has to wait, with the limit by which it does */
  constructor(
    limits: Pick<Limits, 'maxBytesInFlightTotal' | 'maxCallsInFlightTotal' | 'maxSendBufferBytesTotal'>,
    onHeld: (by: TotalLimit) => void,
  ) {
    this.values = new HeldValues(sendBufferBytesTotal(limits));
    const heldByCalls = (): void => {
      onHeld('maxCallsInFlightTotal');
    };
    this.bytes = new BytesInFlight(bytesInFlightTotal(limits), () => {
      onHeld('maxBytesInFlightTotal');
    });
    this.calls = new InFlightMeter(limits.maxCallsInFlightTotal, heldByCalls);
    this.abandoned = new AbandonedHandlers(limits.maxCallsInFlightTotal, heldByCalls);
  }

  /**
   * Whether too much is under way for one more call or event of a client that has gone.
   * @param bytes its size on the wire
   */
  isTooMuchFor(address: string | undefined, bytes: number): boolean {
    if (this.calls.isFull || this.abandoned.isShutFor(address)) return true;
    return bytes >= LARGE_CALL_BYTES && this.bytes.isShutFor(address);
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
  leave(calls: CountedCalls): void {
    this.bytes.leave(calls);
    this.calls.leave(calls);
    this.abandoned.leave(calls);
  }
}
