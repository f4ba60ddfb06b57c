import type { Limits } from '../../protocol/limits.js';
import { TokenBucket } from '../../util/token-bucket.js';
import type { Admission } from '../listener.js';
import { networkOf } from './network-of.js';

/** How many seconds' worth of new connections an address may have at once. */
const BURST_SECONDS = 10;
/** How many addresses without a connection are remembered, for the rate of their connections. */
const MAX_REMEMBERED = 50_000;
/** How many of them are looked at when another one comes: more than one, so that their number falls. */
const FORGOTTEN_AT_ONCE = 2;

/** A limit of a server's connections, by its name in {@link Limits}. */
export type ConnectionLimit =
  'maxConnections' | 'maxConnectionsPerAddress' | 'maxPendingHandshakes' | 'maxHandshakesPerSecond';

/** The option that refuses a connection: a limit, or the listener's `proxyProtocol`. */
export type ConnectionRefuser = ConnectionLimit | 'proxyProtocol';

/** A connection that was refused before anything was read of it but a proxy's header. */
export interface RefusedConnection {
  /** The option that refused it. */
  readonly by: ConnectionRefuser;
  /** The client's address; undefined where it has none, or was refused before its proxy told it. */
  readonly address: string | undefined;
  /** How many connections this option has refused since the server was made. */
  readonly count: number;
}

/** Is asked by a door, and told what it refuses. */
export interface DoorOwner {
  /** How many connections are before their login. */
  pendingHandshakes(): number;
  connectionRefused(refusal: RefusedConnection): void;
}

/** Decides whether a server has room for another connection, before any work is done for it. */
export class Door {
  private open = 0;
  /** By network, in the order in which they have come or were looked at. */
  private readonly places = new Map<string, Place>();
  private readonly refused = new Map<ConnectionRefuser, number>();
  /** The place of all connections without an address. */
  private readonly unnamed: Place;
  private readonly countsAddresses: boolean;

  constructor(
    private readonly limits: Limits,
    private readonly owner: DoorOwner,
  ) {
    const { maxConnectionsPerAddress, maxHandshakesPerSecond } = limits;
    this.countsAddresses = maxConnectionsPerAddress !== Infinity || maxHandshakesPerSecond !== Infinity;
    this.unnamed = new Place(this, undefined, undefined);
  }

  /** Gives a connection a place; undefined: it is refused. */
  admit(address: string | undefined): Admission | undefined {
    const limit = this.findReached();
    if (limit) this.refuse(limit, address);
    const place = limit ? undefined : this.placeFor(address);
    if (place) this.open += 1;
    return place;
  }

  /** @internal Moves a connection to the place of its address; undefined: it is refused, and keeps its place. */
  move(from: Place, address: string): Admission | undefined {
    const place = this.placeFor(address);
    if (place) this.vacate(from);
    return place;
  }

  /** @internal Takes a place back. */
  release(place: Place): void {
    this.open -= 1;
    this.vacate(place);
  }

  /** The limit of the whole server that is reached; undefined: there is room. */
  private findReached(): ConnectionLimit | undefined {
    const { maxConnections, maxPendingHandshakes } = this.limits;
    if (this.open >= maxConnections) return 'maxConnections';
    return this.owner.pendingHandshakes() >= maxPendingHandshakes ? 'maxPendingHandshakes' : undefined;
  }

  private placeFor(address: string | undefined): Place | undefined {
    if (address === undefined || !this.countsAddresses) {
      this.unnamed.taken += 1;
      return this.unnamed;
    }
    const network = networkOf(address);
    const place = this.places.get(network) ?? this.addPlace(network);
    const limit = this.findReachedBy(place);
    if (limit) {
      this.refuse(limit, address);
      return undefined;
    }
    place.taken += 1;
    return place;
  }

  /** The limit that an address has reached; undefined: it has room for one more, which counts for its rate now. */
  private findReachedBy({ taken, rate }: Place): ConnectionLimit | undefined {
    if (taken >= this.limits.maxConnectionsPerAddress) return 'maxConnectionsPerAddress';
    return rate && !rate.take() ? 'maxHandshakesPerSecond' : undefined;
  }

  private addPlace(network: string): Place {
    const { maxHandshakesPerSecond: rate } = this.limits;
    const place = new Place(
      this,
      network,
      rate === Infinity ? undefined : new TokenBucket(rate * BURST_SECONDS, rate),
    );
    this.places.set(network, place);
    if (this.places.size > MAX_REMEMBERED) this.forgetSome();
    return place;
  }

  private vacate(place: Place): void {
    place.taken -= 1;
    if (place.taken === 0 && place.network !== undefined && (place.rate?.isFull ?? true))
      this.places.delete(place.network);
  }

  /** Forgets addresses without a connection, the oldest first. Why few at once: a flood must not make this slow. */
  private forgetSome(): void {
    let left = FORGOTTEN_AT_ONCE;
    for (const [network, place] of this.places) {
      if (left-- === 0) return;
      this.places.delete(network);
      if (place.taken > 0) this.places.set(network, place);
    }
  }

  /** Counts and tells a refusal. */
  refuse(by: ConnectionRefuser, address: string | undefined): void {
    const count = (this.refused.get(by) ?? 0) + 1;
    this.refused.set(by, count);
    this.owner.connectionRefused({ by, address, count });
  }
}

/** The place of the connections of one address. Why one for all of them: a connection holds no object of its own. */
class Place implements Admission {
  taken = 0;

  constructor(
    private readonly door: Door,
    readonly network: string | undefined,
    readonly rate: TokenBucket | undefined,
  ) {}

  identify(address: string): Admission | undefined {
    return this.door.move(this, address);
  }

  release(): void {
    this.door.release(this);
  }
}
