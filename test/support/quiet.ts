import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { connect, type Socket } from 'node:net';
import { waitFor } from './wait-for.js';

// How a test shows that something does not come. Time proves nothing: what is late on a slow machine comes after any
// wait. Each of these waits for something that comes after what must not come:
// - over a connection, a ping: `connection.ping()`, `ping(connection)`, `rawPeer.pong()`; both ways where both may speak;
// - at a server, a later client that it serves: `serves(closing, port)` of core.ts, or a `Door`;
// - within this process, turns of the event loop: `turns()`;
// - from a timer, one that was started later and is no shorter: `timersOf(ms)`.

const TURNS = 50;

/**
 * Lets the event loop turn: ticks, promises and what a memory transport carries have run, however long a turn takes.
 * A socket's bytes come by the system, at a time of their own: for those, a ping.
 */
export async function turns(count = TURNS): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

/**
 * Waits until each timer has fired that was started before and is at most so many milliseconds long, and what it
 * started in this process has run: Node fires timers in the order of their ends.
 */
export async function timersOf(ms: number): Promise<void> {
  await delay(ms + 1);
  // Deadlines on one timer that find themselves early, by the part of a millisecond, wait for one more.
  await delay(2);
  await turns();
}

/**
 * Why a test waits for the clock itself. Each stands for a timer of the product, or of a program beside it, that runs
 * in real time there, because a socket, a process or a Redis takes part that fake timers do not reach.
 */
export type ClockReason =
  /** Heartbeats have to be under way when the process gets busy. */
  | 'heartbeats under way'
  /** The test is about what meets something under way in another process, and tries several moments of it. */
  | 'a moment of another process'
  /** A lease, a claim or a beat of a session store has to be over, which a Redis counts or answers. */
  | 'a term of a store';

/** Waits for the clock; see {@link ClockReason}. */
export async function clockWait(_reason: ClockReason, ms: number): Promise<void> {
  await delay(ms);
}

/** Time that code under test takes: a handler, a serializer, an interceptor that is slow. No test waits by it. */
export { setTimeout as takesTime } from 'node:timers/promises';

/** The part of a listening server that tells of its sockets; a JSTP server does, too. */
interface Listening {
  on(event: 'connection', listener: (socket: unknown) => void): unknown;
}

/** Counts who connects to a server on a port of this machine. */
export class Door {
  private readonly accepted: Socket[] = [];
  private readonly knocks = new Set<Socket>();

  constructor(
    server: Listening,
    private readonly port: () => number,
  ) {
    server.on('connection', (socket) => this.accepted.push(socket as Socket));
  }

  /** How many have come, once all are accepted who connect by now: one who knocks after them is. */
  async came(): Promise<number> {
    // Whoever is about to dial does it before.
    await turns();
    const socket = connect({ port: this.port(), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    const here = (): Socket | undefined =>
      this.accepted.find(({ remotePort }) => remotePort !== undefined && remotePort === socket.localPort);
    await waitFor(() => here() !== undefined, 'the one who knocks');
    const knock = here();
    if (knock) this.knocks.add(knock);
    socket.destroy();
    return this.count;
  }

  /** How many have come so far, without those who only knocked. */
  get count(): number {
    return this.accepted.length - this.knocks.size;
  }

  /** Whether a socket that was accepted is one of those that only knocked. */
  isKnock(socket: Socket): boolean {
    return this.knocks.has(socket);
  }
}

/** Dials a port, and waits for the outcome, whatever it is: who has dialled it before has an outcome, too. */
export async function dialled(port: number): Promise<void> {
  await turns();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await waitFor(() => !socket.connecting, 'the outcome of a dial');
  socket.destroy();
  await turns();
}
