import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ERR_NOT_CONNECTED,
  type Connection,
  type Limits,
  type Server,
  type ServerOptions,
} from '../../lib/core.js';
import { createFaultEntry, type FaultEntry, type FaultLink } from '../../lib/testing/index.js';
import { CORE_EXTENSIONS, type ExtensionName } from '../../lib/connection/extensions.js';
import type { Pace } from '../../lib/testing/fault-lane.js';
import { DIRECTIONS, type Direction } from '../../lib/testing/faults.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { Ledger } from './ledger.js';
import { SoakApplication, turns, type Tamper } from './soak-application.js';

const PORT = 1;
const MAX_CONNECTS = 50;
/** A message that goes out ten times without anything arriving is given up, rightly: a run stays below. */
const MAX_FUTILE_LINKS = 6;
const PACES: readonly Pace[] = [
  {},
  {},
  {},
  { delayTurns: [0, 4] },
  { chunkBytes: [1, 64] },
  { chunkBytes: [1, 64], delayTurns: [0, 3] },
  { chunkBytes: [20, 200], delayTurns: 2 },
  { chunkBytes: 1 },
];
const SENDERS: readonly (readonly Direction[])[] = [DIRECTIONS, DIRECTIONS, ['toServer'], ['toClient']];
/** With `bye`, a link that is taken over is told. */
const EXTENSIONS = [CORE_EXTENSIONS, [...CORE_EXTENSIONS, 'bye' as const]];
/** Values of a stream that its sender may be ahead; below 64 it hears of it in a message. */
const STREAM_CREDITS = [64, 64, 5];
/** From how many waiting bytes on messages stay in the journal. */
const MARKS = [50, 1000, 1024 * 1024];
/** Limits of both sides that honest peers run into all the time, by seed after the marks. */
const TIGHT_LIMITS: readonly Partial<Limits>[] = [
  {},
  { maxCallsInFlight: 2 },
  { maxBytesInFlight: 200, streamCredit: 32 },
  { maxCallsInFlight: 3, streamCredit: 2, maxCallsInFlightTotal: 1 },
  { maxCallsInFlight: 1, maxBytesInFlight: 1, streamCredit: 1 },
];
/** How many turns of microtasks one turn of the whole program is. */
const TURNS_A_LOOP = 20;

interface WorldOptions {
  readonly seed: number;
  readonly tamper?: Tamper;
  readonly extensions?: ServerOptions['extensions'];
  readonly trace?: (line: string) => void;
}

/** A server and a client of the core, over links with faults. */
export class SoakWorld {
  readonly random: SeededRandom;
  readonly ledger = new Ledger();
  readonly entry: FaultEntry;
  readonly applications: Readonly<Record<Direction, SoakApplication>>;
  /** Which sides send: both, most often. */
  readonly senders: readonly Direction[];
  /** How many of the next links break in their handshake or replay. */
  doomed = 0;
  resumes = 0;
  private readonly extensions: readonly ExtensionName[];
  private readonly limits: Partial<Limits>;
  private readonly server: Server;
  private client: Connection | undefined;
  private remote: Connection | undefined;
  private readonly entered: Connection[] = [];
  /** Links made since a journal was last acknowledged anything of. */
  private readonly futile = new Map<Connection, { acknowledged: number; links: number }>();
  private readonly trace: WorldOptions['trace'];
  private isOver = false;

  constructor({ seed, tamper, extensions, trace }: WorldOptions) {
    this.trace = trace;
    this.random = new SeededRandom(seed);
    this.extensions = extensions ?? this.random.pick(EXTENSIONS);
    this.senders = this.random.pick(SENDERS);
    this.limits = {
      sendHighWaterMark: MARKS[seed % MARKS.length],
      ...TIGHT_LIMITS[Math.floor(seed / MARKS.length) % TIGHT_LIMITS.length],
    };
    this.entry = createFaultEntry({ seed, onLink: (link) => this.plan(link) });
    this.applications = {
      toServer: new SoakApplication('app', 'toServer', this.ledger, tamper),
      toClient: new SoakApplication('side', 'toClient', this.ledger, tamper),
    };
    this.server = this.entry.createServer({
      applications: [this.applications.toServer],
      extensions: this.extensions,
      limits: this.limits,
    });
    this.server.on('connect', (connection) => this.entered.push(connection));
    this.server.on('reconnect', () => (this.resumes += 1));
    this.server.on('connectionError', () => undefined);
    this.server.listen(PORT);
  }

  /** Connects, however many handshakes are cut. */
  async connect(): Promise<void> {
    this.doomed = this.random.happens(0.3) ? this.random.between(1, 3) : 0;
    for (let attempt = 1; !this.client; attempt++) {
      try {
        this.client = await this.entry.connect(
          'app',
          {
            application: this.applications.toClient,
            extensions: this.extensions,
            limits: { streamCredit: this.random.pick(STREAM_CREDITS), ...this.limits },
            reconnector: (_connection, reconnectFn) => {
              if (!this.isOver) reconnectFn();
            },
          },
          PORT,
        );
      } catch (error) {
        if (attempt === MAX_CONNECTS) throw error;
      }
    }
    const { session } = this.client;
    this.client.on('reconnect', (error) => this.trace?.(`reconnect: ${textOf(error)}`));
    this.client.on('bye', (reason) => this.trace?.(`bye: ${reason}`));
    this.remote = this.entered.find((connection) => connection.session?.id === session?.id);
  }

  /** The connection that sends in a direction. */
  sender(way: Direction): Connection {
    const connection = way === 'toServer' ? this.client : this.remote;
    if (!connection) throw new Error('Not connected');
    return connection;
  }

  /** Moves the client to a new link, whatever the old one is like. */
  reconnect(): void {
    const client = this.sender('toServer');
    void this.entry.reconnect(client, PORT).catch((error: unknown) => {
      const isSuperseded = (error as { code?: unknown }).code === ERR_NOT_CONNECTED;
      if (!isSuperseded && !this.isOver && !client.handshakeDone) this.reconnect();
    });
  }

  /** How many lines were lost: cut, or left for another. */
  get linesLost(): number {
    return this.entry.linkCount - 1;
  }

  /** Whether a link may break now, or so many have for nothing that one has to live. */
  get mayBreak(): boolean {
    return [...this.futile].every(
      ([{ session }, { acknowledged, links }]) =>
        links < MAX_FUTILE_LINKS || session?.journal.acknowledged !== acknowledged,
    );
  }

  /** No faults any more: what was sent has to arrive, within so many turns. */
  async drain(maxTurns: number): Promise<void> {
    this.doomed = 0;
    this.entry.heal();
    for (let turn = 0; turn < maxTurns && !this.ledger.isSettled; turn++) {
      for (const application of Object.values(this.applications)) application.releaseHeld();
      await turns(1);
      // Why: what yields to the whole program, as a long stream does, has to go on.
      if (turn % TURNS_A_LOOP === 0) await nextTurn();
    }
  }

  /** Ends both sides. */
  async close(): Promise<void> {
    this.isOver = true;
    this.client?.close();
    this.server.closeConnections();
    this.server.close();
    for (const link of this.entry.links) link.cut();
    await turns(20);
  }

  private plan(link: FaultLink): void {
    const { random } = this;
    link.setPace(random.pick(PACES));
    for (const connection of [this.client, this.remote]) if (connection) this.count(connection);
    if (this.doomed === 0 || !this.mayBreak) return;
    this.doomed -= 1;
    link.cutAfter(random.between(0, random.pick([40, 150, 800])), random.pick(['toServer', 'toClient']));
  }

  private count(connection: Connection): void {
    const acknowledged = connection.session?.journal.acknowledged ?? 0;
    const before = this.futile.get(connection);
    const links = before?.acknowledged === acknowledged ? before.links + 1 : 1;
    this.futile.set(connection, { acknowledged, links });
  }
}

/** An error in a line of a trace. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}
