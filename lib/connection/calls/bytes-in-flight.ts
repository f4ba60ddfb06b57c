import { intern } from '../../util/intern.js';
import { networkOf } from '../../util/network-of.js';
import { InFlightMeter, type MeteredCalls } from './in-flight-meter.js';

/**
 * How many bytes a connection may always have under way. Why: where others have brought a server to its limit, small calls
 * must still be served.
 */
export const ALWAYS_SERVED_BYTES = 64 * 1024;
/** What is much for one address, as a part of the limit. At the limit, the clients of an address wait that has so much. */
const MUCH_PART = 1 / 8;
/** At so many times the limit, all wait. */
const FULL_AT = 5 / 4;

/** The calls of one connection, as they count here. */
export interface WeighedCalls extends MeteredCalls {
  /** The address of the client; undefined where it has none. */
  readonly address: string | undefined;
  /** What the connection has under way, in bytes. */
  readonly bytes: number;
  /** What of it counts for its address. */
  bytesAtPlace: number;
  /** Where that counts. */
  place: BytesPlace | undefined;
  /** Where it waits for others of its address. */
  waitsAtPlace: InFlightMeter | undefined;
}

/** What connections of one address have under way. */
export interface BytesPlace {
  readonly network: string;
  readonly meter: InFlightMeter;
}

/**
 * Counts the bytes that calls and events of a server's connections have under way, in all and by address. Why: one address
 * must not keep all others waiting.
 */
export class BytesInFlight {
  /** While this is shut, clients of an address wait that has much. */
  private readonly crowd: InFlightMeter;
  /** The same. While this is shut, all wait. */
  private readonly all: InFlightMeter;
  /** The addresses of connections that have more than {@link ALWAYS_SERVED_BYTES}, by network. */
  private readonly places = new Map<string, BytesPlace>();

  /**
   * @param max how many there may be
   * @param onHeld called when a connection has to wait
   */
  constructor(
    private readonly max: number,
    onHeld: () => void,
  ) {
    this.crowd = new InFlightMeter(max, onHeld);
    this.all = new InFlightMeter(max * FULL_AT, onHeld);
  }

  /** How many there are. */
  get amount(): number {
    return this.all.amount;
  }

  /** Whether there are so many that clients may have to wait. */
  get isCrowded(): boolean {
    return this.crowd.isShut;
  }

  /** Whether clients of an address have to wait. */
  isShutFor(address: string | undefined): boolean {
    if (!this.crowd.isShut || address === undefined) return this.crowd.isShut;
    return this.all.isShut || this.find(address)?.meter.isShut === true;
  }

  /** Whether a connection has to wait. If so, its `balanceReading` is called when there are fewer. */
  holdsUp(calls: WeighedCalls): boolean {
    // First. Why: it says most often that nobody has to wait, and wherever the other meters are shut, it is.
    if (!this.crowd.isShut) return false;
    if (calls.address === undefined) return this.crowd.holdsUp(calls);
    if (this.all.holdsUp(calls)) return true;
    const meter = this.find(calls.address)?.meter;
    if (!meter?.holdsUp(calls)) return false;
    if (calls.waitsAtPlace !== meter) calls.waitsAtPlace?.leave(calls);
    calls.waitsAtPlace = meter;
    return this.crowd.holdsUp(calls);
  }

  /** Forgets who waits, since it has ended. */
  leave(calls: WeighedCalls): void {
    this.all.leave(calls);
    this.crowd.leave(calls);
    calls.waitsAtPlace?.leave(calls);
    calls.waitsAtPlace = undefined;
  }

  /** Counts what has begun. */
  add(bytes: number): void {
    this.all.add(bytes);
    this.crowd.add(bytes);
  }

  /** Takes off the count what has ended. */
  remove(bytes: number): void {
    this.crowd.remove(bytes);
    this.all.remove(bytes);
  }

  /** Counts for the address of a connection what that has under way, where it is more than any may have. */
  countAtPlace(calls: WeighedCalls): void {
    const bytes = calls.bytes < ALWAYS_SERVED_BYTES ? 0 : calls.bytes;
    if (bytes > 0) calls.place ??= this.placeOf(calls.address);
    const { place, bytesAtPlace } = calls;
    if (!place) return;
    calls.bytesAtPlace = bytes;
    if (bytes === 0) calls.place = undefined;
    if (bytes > bytesAtPlace) place.meter.add(bytes - bytesAtPlace);
    else place.meter.remove(bytesAtPlace - bytes);
    if (place.meter.amount === 0) this.places.delete(place.network);
  }

  private find(address: string | undefined): BytesPlace | undefined {
    return address === undefined ? undefined : this.places.get(networkOf(address));
  }

  private placeOf(address: string | undefined): BytesPlace | undefined {
    if (address === undefined) return undefined;
    const network = networkOf(address);
    const known = this.places.get(network);
    if (known) return known;
    const place = { network: intern(network), meter: new InFlightMeter(this.max * MUCH_PART) };
    this.places.set(place.network, place);
    return place;
  }
}
