import type { Transport } from '../connection/transport.js';
import type { Limits } from '../protocol/limits.js';
import { FaultLane, type Pace } from './fault-lane.js';
import { FaultTransport } from './fault-transport.js';
import { connectionReset, DIRECTIONS, type Direction, type Side } from './faults.js';
import type { SeededRandom } from './seeded-random.js';

/** What a link with faults is made of. */
interface LinkParts {
  readonly clientLimits: Limits;
  readonly serverLimits: Limits;
  readonly pace: Pace;
  readonly random: SeededRandom;
}

/**
 * One link of a fault entry, between one client and the server, and what can be done to it. What a fault
 * takes away is lost as on a network: neither side is told which bytes have arrived.
 */
export class FaultLink {
  private readonly ends: Readonly<Record<Side, FaultTransport>>;
  private readonly lanes: Readonly<Record<Direction, FaultLane>>;
  private isDead = false;

  /** @internal `createFaultEntry` makes links. */
  constructor({ clientLimits, serverLimits, pace, random }: LinkParts) {
    const client = new FaultTransport(clientLimits);
    const server = new FaultTransport(serverLimits);
    const laneTo = (end: FaultTransport): FaultLane =>
      new FaultLane(pace, random, {
        arrived: (bytes) => {
          end.arrived(bytes);
        },
        finished: () => {
          end.lost(undefined);
        },
        exhausted: () => {
          this.cut();
        },
      });
    this.ends = { client, server };
    this.lanes = { toServer: laneTo(server), toClient: laneTo(client) };
    client.line = lineOf(this.lanes.toServer, this.lanes.toClient);
    server.line = lineOf(this.lanes.toClient, this.lanes.toServer);
  }

  /** Whether the line works; both sides may believe otherwise. */
  get isUp(): boolean {
    return !this.isDead && this.isSeenUp('client') && this.isSeenUp('server');
  }

  /** Whether a side takes the link for one that is up. */
  isSeenUp(side: Side): boolean {
    return this.ends[side].isUp;
  }

  /** How many bytes have arrived in a direction. */
  arrivedBytes(direction: Direction): number {
    return this.lanes[direction].arrivedBytes;
  }

  /** How many bytes are on their way in a direction. */
  waitingBytes(direction: Direction): number {
    return this.lanes[direction].waitingBytes;
  }

  /** Breaks the line now: what is on its way is lost, both ways, and both sides see an ECONNRESET. */
  cut(): void {
    this.kill();
    this.notice('client');
    this.notice('server');
  }

  /** Breaks the line as {@link cut} does as soon as so many more bytes have arrived in a direction; 0 is now. */
  cutAfter(bytes: number, direction: Direction): void {
    this.lanes[direction].limit(bytes);
  }

  /**
   * The line is dead, and a side (or both) does not know: what it sends goes nowhere, until {@link notice}. The
   * other side sees an ECONNRESET. So the server can see a client's new link before it sees the old one's close.
   */
  halfOpen(unaware: Side | 'both'): void {
    this.kill();
    if (unaware === 'client') this.notice('server');
    else if (unaware === 'server') this.notice('client');
  }

  /**
   * A side sees, late, that the line is dead, or that the other side has closed it. Nothing happens where it works,
   * or where the side knows.
   */
  notice(side: Side): void {
    if (!this.isUp) this.ends[side].lost(connectionReset());
  }

  /** Takes back what {@link cutAfter} and {@link duplicate} have planned. */
  spare(): void {
    for (const lane of Object.values(this.lanes)) lane.limit(Infinity);
    for (const end of Object.values(this.ends)) end.duplicates = 0;
  }

  /** Holds all bytes of a direction, the end of the link among them, until {@link release}. */
  stall(direction: Direction): void {
    this.lanes[direction].stall(true);
  }

  /** Lets go what was held; without a direction, of both. */
  release(direction?: Direction): void {
    for (const one of direction ? [direction] : DIRECTIONS) this.lanes[one].stall(false);
  }

  /** The next message of a direction arrives twice; or so many of the next ones do. */
  duplicate(direction: Direction, count = 1): void {
    this.ends[direction === 'toServer' ? 'server' : 'client'].duplicates += count;
  }

  /** Changes how bytes travel from now on; without a direction, of both. */
  setPace(pace: Pace, direction?: Direction): void {
    for (const one of direction ? [direction] : DIRECTIONS) this.lanes[one].pace = pace;
  }

  /** @internal One end, for the connection there. */
  transportOf(side: Side): Transport {
    return this.ends[side];
  }

  /** @internal Runs something when a side has closed its end. */
  whenClosed(side: Side, run: () => void): void {
    this.ends[side].onClosed = run;
  }

  private kill(): void {
    this.isDead = true;
    for (const lane of Object.values(this.lanes)) lane.kill();
  }
}

function lineOf(outgoing: FaultLane, incoming: FaultLane): FaultTransport['line'] {
  return {
    send: (bytes) => {
      outgoing.send(bytes);
    },
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
