import type { Limits } from '../../protocol/limits.js';
import { intern } from '../../util/intern.js';
import { RecentMap } from '../../util/recent-map.js';
import { TokenBucket } from '../../util/token-bucket.js';
import type { Admission, ListenerRule } from './admission.js';
import { networkOf } from '../../util/network-of.js';

/** How many seconds' worth of new connections an address may have at once. */
const BURST_SECONDS = 10;
/** How many addresses without a connection are remembered, for the rate of their connections. */
const MAX_REMEMBERED = 50_000;

/** From this part of `maxPendingHandshakes` on, addresses that have many of them get no more. */
const CROWDED_FROM = 1 / 2;
/** What is many, as a part of `maxPendingHandshakes`; and at least. */
const MANY_PART = 1 / 50;
const MANY_AT_LEAST = 16;

/** A limit of a server's connections, by its name in {@link Limits}. */
export type ConnectionLimit =
  | 'maxConnections'
  | 'maxConnectionsPerAddress'
  | 'maxPendingHandshakes'
  | 'maxHandshakesPerSecond'
  | 'maxMemoryBytes';

/** The option that refuses a connection: a limit, or the listener's `proxyProtocol` or `clientAddress`. */
export type ConnectionRefuser = ConnectionLimit | ListenerRule;

/**
 * A connection that was refused before anything was read of it but a proxy's header, or that has made room for another one
 * at `limits.maxPendingHandshakes`.
 */
export interface RefusedConnection {
  /** The option that refused it. */
  readonly by: ConnectionRefuser;
  /**
   * The client's address, or of one with an IPv6 address that has made room, its first 64 bits; undefined where it has none,
   * or was refused before its proxy told it.
   */
  readonly address: string | undefined;
  /** How many connections this option has refused, or ended for others, since the server was made. */
  readonly count: number;
  /** True: it was admitted, and has ended now, as it has been silent for the longest, to make room for another one. */
  readonly madeRoom?: true;
  /** What the function `clientAddress` has thrown, or that it returned a Promise; undefined where another option refused the connection. */
  readonly error?: unknown;
}

/** The connections before their login. */
export interface PendingConnections {
  readonly size: number;
  /** Ends the one that has been silent for the longest. @returns its place; undefined: there is none */
  endSilent(): Admission | undefined;
}

/** Is asked by a door, and told what it refuses. */
export interface DoorOwner {
  readonly pending: PendingConnections;
  /** Whether the process takes more memory than it may. */
  isMemoryExceeded(): boolean;
  connectionRefused(refusal: RefusedConnection): void;
}

/** Decides whether a server has room for another connection, before any work is done for it. */
export class Door {
  private open = 0;
  /** The places with connections, by network. */
  private readonly places = new Map<string, Place>();
  /** The places without one, whose rate is remembered. */
  private readonly left = new RecentMap<Place>(MAX_REMEMBERED);
  private readonly refused = new Map<ConnectionRefuser, number>();
  /** The place of all connections without an address. */
  private readonly unnamed: Place;
  private readonly countsAddresses: boolean;
  private readonly crowdedFrom: number;
  /** How many connections of one address before their login are many. */
  private readonly many: number;

  constructor(
    private readonly limits: Limits,
    private readonly owner: DoorOwner,
  ) {
    const { maxConnectionsPerAddress, maxHandshakesPerSecond, maxPendingHandshakes } = limits;
    this.crowdedFrom = maxPendingHandshakes * CROWDED_FROM;
    this.many = Math.max(MANY_AT_LEAST, maxPendingHandshakes * MANY_PART);
    this.countsAddresses = maxConnectionsPerAddress !== Infinity || maxHandshakesPerSecond !== Infinity;
    this.unnamed = new Place(this, undefined, undefined);
  }

  /** How many connections have a place. */
  get size(): number {
    return this.open;
  }

  /** Gives a connection a place; undefined: it is refused. */
  admit(address: string | undefined): Admission | undefined {
    const limit = this.findReached();
    if (limit) this.refuse(limit, address);
    const place = limit ? undefined : this.placeFor(address);
    if (!place) return undefined;
    if (this.isPendingFull && !this.makeRoomFor(place)) {
      place.settled();
      this.vacate(place);
      this.refuse('maxPendingHandshakes', address);
      return undefined;
    }
    this.open += 1;
    return place;
  }

  private get isPendingFull(): boolean {
    return this.owner.pending.size >= this.limits.maxPendingHandshakes;
  }

  /**
   * Ends the connection that has been silent for the longest, for one of an address that has few before their login. Why: what
   * logs in says so soon, so that many silent addresses keep nobody out. Why not for one whose address is not known: it may
   * have its share already.
   */
  private makeRoomFor(place: Place): boolean {
    if (place.network === undefined) return false;
    const silent = this.owner.pending.endSilent();
    if (silent) this.tell('maxPendingHandshakes', silent.network, { madeRoom: true });
    return silent !== undefined;
  }

  /** @internal Moves a connection to the place of its address; undefined: it is refused, and keeps its place. */
  move(from: Place, address: string): Admission | undefined {
    const place = this.placeFor(address);
    if (!place) return undefined;
    from.settled();
    this.vacate(from);
    return place;
  }

  /** @internal Takes a place back. */
  release(place: Place): void {
    this.open -= 1;
    this.vacate(place);
  }

  /** The limit of the whole server that is reached; undefined: there is room. */
  private findReached(): ConnectionLimit | undefined {
    if (this.open >= this.limits.maxConnections) return 'maxConnections';
    return this.owner.isMemoryExceeded() ? 'maxMemoryBytes' : undefined;
  }

  private placeFor(address: string | undefined): Place | undefined {
    if (address === undefined || !this.countsAddresses) {
      this.unnamed.taken += 1;
      return this.unnamed;
    }
    const network = networkOf(address);
    const place = this.places.get(network) ?? this.left.take(network) ?? this.createPlace(network);
    const limit = this.findReachedBy(place);
    if (!limit) {
      place.taken += 1;
      place.pending += 1;
      this.places.set(network, place);
      return place;
    }
    if (place.taken === 0) this.left.add(network, place);
    this.refuse(limit, address);
    return undefined;
  }

  /** The limit that an address has reached; undefined: it has room for one more, which counts for its rate now. */
  private findReachedBy({ taken, pending, rate }: Place): ConnectionLimit | undefined {
    if (pending >= this.many && this.owner.pending.size >= this.crowdedFrom) return 'maxPendingHandshakes';
    if (taken >= this.limits.maxConnectionsPerAddress) return 'maxConnectionsPerAddress';
    return rate && !rate.take() ? 'maxHandshakesPerSecond' : undefined;
  }

  private createPlace(network: string): Place {
    const { maxHandshakesPerSecond: rate } = this.limits;
    const bucket = rate === Infinity ? undefined : new TokenBucket(rate * BURST_SECONDS, rate);
    return new Place(this, intern(network), bucket);
  }

  private vacate(place: Place): void {
    const { network, rate } = place;
    place.taken -= 1;
    if (place.taken > 0 || network === undefined) return;
    this.places.delete(network);
    if (rate && !rate.isFull) this.left.add(network, place);
  }

  /** Counts and tells a refusal. */
  refuse(by: ConnectionRefuser, address: string | undefined, error?: unknown): void {
    this.tell(by, address, by === 'clientAddress' && { error });
  }

  private tell(
    by: ConnectionRefuser,
    address: string | undefined,
    more: Pick<RefusedConnection, 'madeRoom' | 'error'> | false,
  ): void {
    const count = (this.refused.get(by) ?? 0) + 1;
    this.refused.set(by, count);
    this.owner.connectionRefused({ by, address, count, ...more });
  }
}

/** The place of the connections of one address. Why one for all of them: a connection holds no object of its own. */
class Place implements Admission {
  taken = 0;
  /** How many of these are before their login. */
  pending = 0;

  constructor(
    private readonly door: Door,
    readonly network: string | undefined,
    readonly rate: TokenBucket | undefined,
  ) {}

  identify(address: string): Admission | undefined {
    return this.door.move(this, address);
  }

  settled(): void {
    // Connections without an address are not counted so.
    if (this.network !== undefined) this.pending -= 1;
  }

  release(): void {
    this.door.release(this);
  }
}
