import type { Transport } from '../connection/transport.js';
import type { Limits } from '../protocol/limits.js';
import { FaultLane, type Pace } from './fault-lane.js';
import { FaultTransport } from './fault-transport.js';
import { connectionReset, DIRECTIONS, type Direction, type Side } from './faults.js';
import type { SeededRandom } from './seeded-random.js';

/** The parts of a link. */
interface LinkParts {
  readonly clientLimits: Limits;
  readonly serverLimits: Limits;
  readonly pace: Pace;
  readonly random: SeededRandom;
}

/**
 * The pair of transports between one client and the server of a fault entry, with the faults that a test can inject.
 * Bytes that a fault drops are lost as on a network: neither side learns which bytes have arrived.
 */
export class FaultLink {
  private readonly ends: Readonly<Record<Side, FaultTransport>>;
  private readonly lanes: Readonly<Record<Direction, FaultLane>>;
  private isDead = false;

  /** @internal `createFaultEntry` makes links. */
  constructor({ clientLimits, serverLimits, pace, random }: LinkParts) {
    const client = new FaultTransport(clientLimits);
    const server = new FaultTransport(serverLimits);
    const laneTo = (end: FaultTransport, sender: FaultTransport): FaultLane =>
      new FaultLane(pace, random, {
        arrived: (bytes) => {
          end.arrived(bytes);
        },
        drained: () => {
          sender.drained();
        },
        finished: () => {
          end.lost(undefined);
        },
        limitReached: () => {
          this.cut();
        },
      });
    this.ends = { client, server };
    this.lanes = { toServer: laneTo(server, client), toClient: laneTo(client, server) };
    client.lanes = lanesOf(this.lanes.toServer, this.lanes.toClient);
    server.lanes = lanesOf(this.lanes.toClient, this.lanes.toServer);
  }

  /** Whether the link carries bytes, and is open for both sides. */
  get isUp(): boolean {
    return !this.isDead && this.isSeenUp('client') && this.isSeenUp('server');
  }

  /** Whether the link is open for a side, which may not have noticed yet that the link is dead. */
  isSeenUp(side: Side): boolean {
    return this.ends[side].isUp;
  }

  /** Returns how many bytes have arrived in a direction. */
  arrivedBytes(direction: Direction): number {
    return this.lanes[direction].arrivedBytes;
  }

  /** Returns how many bytes are on their way in a direction. */
  waitingBytes(direction: Direction): number {
    return this.lanes[direction].waitingBytes;
  }

  /** Cuts the link: bytes on their way are lost in both directions, and both sides get an ECONNRESET. */
  cut(): void {
    this.kill();
    this.notice('client');
    this.notice('server');
  }

  /** Cuts the link, as {@link cut} does, as soon as this number of further bytes has arrived in a direction; 0: now. */
  cutAfter(bytes: number, direction: Direction): void {
    this.lanes[direction].limit(bytes);
  }

  /**
   * Lets the link die without telling one side (or both): what that side sends is lost, until {@link notice}. The other
   * side gets an ECONNRESET. So a server can see a client's new transport before it notices the loss of the old one.
   * @param unaware the side that is not told
   */
  halfOpen(unaware: Side | 'both'): void {
    this.kill();
    if (unaware === 'client') this.notice('server');
    else if (unaware === 'server') this.notice('client');
  }

  /**
   * Lets a side notice that the link is dead, or that the other side has closed it. Does nothing while the link
   * works, or where the side knows already.
   */
  notice(side: Side): void {
    if (!this.isUp) this.ends[side].lost(connectionReset());
  }

  /** Cancels what {@link cutAfter} and {@link duplicate} have planned. */
  spare(): void {
    for (const lane of Object.values(this.lanes)) lane.limit(Infinity);
    for (const end of Object.values(this.ends)) end.duplicates = 0;
  }

  /** Holds all bytes of a direction, and the end of the link after them, until {@link release}. */
  stall(direction: Direction): void {
    this.lanes[direction].stall(true);
  }

  /** Releases what {@link stall} holds. @param direction @default both */
  release(direction?: Direction): void {
    for (const one of direction ? [direction] : DIRECTIONS) this.lanes[one].stall(false);
  }

  /** Delivers the next messages of a direction twice. @param count how many messages. @default 1 */
  duplicate(direction: Direction, count = 1): void {
    this.ends[direction === 'toServer' ? 'server' : 'client'].duplicates += count;
  }

  /** Changes how bytes travel from now on. @param direction @default both */
  setPace(pace: Pace, direction?: Direction): void {
    for (const one of direction ? [direction] : DIRECTIONS) this.lanes[one].pace = pace;
  }

  /** @internal Returns the transport of a side, for its connection. */
  transportOf(side: Side): Transport {
    return this.ends[side];
  }

  /** @internal Runs a function when the transport of a side is closed. */
  whenClosed(side: Side, run: () => void): void {
    this.ends[side].onClosed = run;
  }

  private kill(): void {
    this.isDead = true;
    for (const lane of Object.values(this.lanes)) lane.kill();
  }
}

function lanesOf(outgoing: FaultLane, incoming: FaultLane): FaultTransport['lanes'] {
  return {
    send: (bytes) => {
      outgoing.send(bytes);
    },
    waiting: () => outgoing.waitingBytes,
    finish: () => {
      outgoing.finish();
    },
    pause: (isPaused) => {
      incoming.pause(isPaused);
    },
    close: () => {
      incoming.kill();
    },
  };
}
