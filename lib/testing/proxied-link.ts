import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { ignore } from '../util/callback.js';
import { DIRECTIONS, pickAmount, type Amount, type Direction, type Side } from './faults.js';
import type { SeededRandom } from './seeded-random.js';

/** How bytes pass a proxy. */
export interface ProxyPace {
  /**
   * Bytes of each write: 1 for single bytes, `[1, 64]` for random sizes.
   * @default as they come
   */
  readonly chunkBytes?: Amount | undefined;
  /** Milliseconds that each write comes later. @default 0 */
  readonly delayMs?: Amount | undefined;
}

/** One client's connection through a fault proxy: the client's socket, and the proxy's to the server. */
export class ProxiedLink {
  private readonly ways: Readonly<Record<Direction, Way>>;
  private isLeft = false;

  /**
   * @internal `createFaultProxy` makes links.
   * @param client the socket that the proxy has accepted
   * @param upstream its socket to the server, which may still be connecting
   */
  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    pace: ProxyPace,
    random: SeededRandom,
    onClosed: () => void,
  ) {
    const exhausted = (): void => {
      this.cut();
    };
    this.ways = {
      toServer: new Way(client, upstream, pace, random, exhausted),
      toClient: new Way(upstream, client, pace, random, exhausted),
    };
    let open = 2;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      socket.setNoDelay(true);
      // What it says, its close says as well.
      socket.on('error', ignore).on('close', (hadError) => {
        open -= 1;
        if (open === 0) onClosed();
        if (this.isLeft) return;
        // A reset goes through as a reset.
        if (hadError) other.resetAndDestroy();
        else other.destroySoon();
      });
    }
  }

  /** Whether both sockets are there. */
  get isUp(): boolean {
    return !this.client.destroyed && !this.upstream.destroyed;
  }

  /** How many bytes were passed on in a direction. */
  passedBytes(direction: Direction): number {
    return this.ways[direction].passed;
  }

  /** Breaks the line now: both sides see a reset (RST), and what is on its way may be lost. */
  cut(): void {
    for (const socket of [this.client, this.upstream]) socket.resetAndDestroy();
  }

  /** Ends the line in order: both sides see the end (FIN) after what was passed on. */
  end(): void {
    for (const socket of [this.client, this.upstream]) socket.destroySoon();
  }

  /** Breaks the line as {@link cut} does when so many more bytes were passed on in a direction; 0 is now. */
  cutAfter(bytes: number, direction: Direction): void {
    this.ways[direction].limit(bytes);
  }

  /** Passes nothing on in a direction, until {@link release}: all but one piece waits in the sender's system. */
  stall(direction: Direction): void {
    this.ways[direction].stall();
  }

  /** Passes on again; without a direction, both ways. */
  release(direction?: Direction): void {
    for (const one of direction ? [direction] : DIRECTIONS) this.ways[one].release();
  }

  /** One side goes away with a reset, and the other is not told: what that one sends is taken and dropped. */
  halfOpen(unaware: Side): void {
    this.isLeft = true;
    const [gone, kept] = unaware === 'client' ? [this.upstream, this.client] : [this.client, this.upstream];
    gone.resetAndDestroy();
    for (const way of Object.values(this.ways)) way.abandon();
    kept.on('data', ignore).resume();
  }

  /** @internal The end of the proxy. */
  destroy(): void {
    for (const way of Object.values(this.ways)) way.abandon();
    for (const socket of [this.client, this.upstream]) socket.destroy();
  }
}

/** One way through the proxy. It reads the next piece when the last one is written: it holds one at most. */
class Way {
  passed = 0;
  private bytesLeft = Infinity;
  private isAbandoned = false;
  private stalled: Promise<void> | undefined;
  private goOn: () => void = ignore;

  constructor(
    source: Socket,
    private readonly target: Socket,
    private readonly pace: ProxyPace,
    private readonly random: SeededRandom,
    private readonly exhausted: () => void,
  ) {
    source.on('data', (chunk: Buffer) => {
      if (this.isAbandoned) return;
      source.pause();
      void this.pass(chunk).then(() => source.resume());
    });
    source.on('end', () => {
      void Promise.resolve(this.stalled).then(() => {
        if (!this.isAbandoned) target.end();
      });
    });
  }

  limit(bytes: number): void {
    this.bytesLeft = bytes;
    if (bytes <= 0) this.exhausted();
  }

  stall(): void {
    this.stalled ??= new Promise((resolve) => {
      this.goOn = resolve;
    });
  }

  release(): void {
    this.stalled = undefined;
    this.goOn();
  }

  /** Passes nothing on any more. */
  abandon(): void {
    this.isAbandoned = true;
    this.release();
  }

  private async pass(chunk: Buffer): Promise<void> {
    const { chunkBytes, delayMs } = this.pace;
    let rest = chunk;
    while (rest.length > 0) {
      const wait = pickAmount(delayMs, this.random, 0);
      if (wait > 0) await delay(wait);
      await this.stalled;
      if (this.isAbandoned || this.target.destroyed) return;
      const size = Math.min(Math.max(1, pickAmount(chunkBytes, this.random, Infinity)), this.bytesLeft);
      const piece = rest.subarray(0, size);
      rest = rest.subarray(piece.length);
      await write(this.target, piece);
      this.passed += piece.length;
      this.bytesLeft -= piece.length;
      // A turn of the loop: else the system joins the writes.
      if (rest.length > 0) await nextTurn();
      if (this.bytesLeft <= 0) {
        // Time to read: Node makes an end of a reset that comes together with bytes.
        await nextTurn();
        await nextTurn();
        this.exhausted();
      }
    }
  }
}

/** Resolves when the system has taken the bytes, or the socket is gone. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => {
      resolve();
    });
  });
}
