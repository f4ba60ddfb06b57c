import { intern } from '../../util/intern.js';
import { networkOf } from '../../util/network-of.js';
import { InFlightMeter, type MeteredCalls } from './in-flight-meter.js';

/** From this part of the limit on, clients of an address wait that has abandoned many. */
const CROWDED_FROM = 1 / 2;
/** What is many, as a part of the limit; and at least. */
const MANY_PART = 1 / 50;
const MANY_AT_LEAST = 16;

/** The calls of one connection, as those see them who wait for handlers of its address. */
export interface AddressedCalls extends MeteredCalls {
  /** The address of the client; undefined where it has none. */
  readonly address: string | undefined;
  /** Where it waits for handlers of its address. */
  waitsAt: InFlightMeter | undefined;
}

/** The abandoned handlers of one address. */
export interface AbandonedPlace {
  /** Undefined: clients without an address. */
  readonly network: string | undefined;
  readonly meter: InFlightMeter;
}

/**
 * Counts the handlers that run on though their connections have ended, in all and by address. Why: clients that come,
 * call and go have nothing under way themselves, and a few addresses must not hold up all others.
 */
export class AbandonedHandlers {
  /** All, but of each address so many only as are {@link many}: all clients wait for these. */
  private readonly all: InFlightMeter;
  /** All. While that is shut, clients of an address wait that has many. */
  private readonly crowd: InFlightMeter;
  private readonly many: number;
  /** The addresses that have some, by network. */
  private readonly places = new Map<string, AbandonedPlace>();
  private readonly unnamed: AbandonedPlace = { network: undefined, meter: new InFlightMeter(Infinity) };

  /**
   * @param max how many there may be before all clients wait
   * @param onHeld called when a connection has to wait
   */
  constructor(max: number, onHeld: () => void) {
    this.all = new InFlightMeter(max, onHeld);
    this.crowd = new InFlightMeter(max * CROWDED_FROM, onHeld);
    this.many = Math.max(MANY_AT_LEAST, max * MANY_PART);
  }

  /** Whether there are so many that clients may have to wait. */
  get isCrowded(): boolean {
    return this.crowd.isShut;
  }

  /** Whether clients of an address have to wait. */
  isShutFor(address: string | undefined): boolean {
    if (!this.crowd.isShut) return false;
    return this.all.isShut || this.find(address)?.meter.isShut === true;
  }

  /** Whether a connection has to wait. If so, its `balanceReading` is called when there are fewer. */
  holdsUp(calls: AddressedCalls): boolean {
    // First. Why: it says most often that nobody has to wait, and wherever the other meters are shut, it is.
    if (!this.crowd.isShut) return false;
    if (this.all.holdsUp(calls)) return true;
    const meter = this.find(calls.address)?.meter;
    if (!meter?.holdsUp(calls)) return false;
    if (calls.waitsAt !== meter) calls.waitsAt?.leave(calls);
    calls.waitsAt = meter;
    return this.crowd.holdsUp(calls);
  }

  /** Forgets who waits, since it has ended. */
  leave(calls: AddressedCalls): void {
    this.all.leave(calls);
    this.crowd.leave(calls);
    calls.waitsAt?.leave(calls);
    calls.waitsAt = undefined;
  }

  /**
   * Counts the handlers of a connection.
   * @param before where handlers of it count already, and must count no longer
   * @param beforeCount how many do
   * @returns where they count now
   */
  add(
    address: string | undefined,
    count: number,
    before: AbandonedPlace | undefined,
    beforeCount: number,
  ): AbandonedPlace {
    const place = this.placeOf(address);
    if (place === before) this.addTo(place, count - beforeCount);
    else {
      this.addTo(place, count);
      if (before) this.remove(before, beforeCount);
    }
    return place;
  }

  /** Takes handlers off the count that have ended. */
  remove(place: AbandonedPlace, count: number): void {
    const before = this.countOf(place);
    place.meter.remove(count);
    if (place.network !== undefined && place.meter.amount === 0) this.places.delete(place.network);
    this.crowd.remove(count);
    this.all.remove(before - this.countOf(place));
  }

  private addTo(place: AbandonedPlace, count: number): void {
    const before = this.countOf(place);
    place.meter.add(count);
    this.crowd.add(count);
    this.all.add(this.countOf(place) - before);
  }

  /** How many of a place count for all clients. */
  private countOf({ network, meter }: AbandonedPlace): number {
    return network === undefined ? meter.amount : Math.min(meter.amount, this.many);
  }

  private find(address: string | undefined): AbandonedPlace | undefined {
    return address === undefined ? undefined : this.places.get(networkOf(address));
  }

  private placeOf(address: string | undefined): AbandonedPlace {
    if (address === undefined) return this.unnamed;
    const network = networkOf(address);
    const known = this.places.get(network);
    if (known) return known;
    const place = { network: intern(network), meter: new InFlightMeter(this.many) };
    this.places.set(place.network, place);
    return place;
  }
}
