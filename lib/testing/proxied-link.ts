import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { ignore } from '../util/callback.js';
import { DIRECTIONS, pickAmount, type Amount, type Direction, type Side } from './faults.js';
import type { SeededRandom } from './seeded-random.js';

/** How bytes pass a proxy. */
export interface ProxyPace {
  /**
   * Bytes of each write: 1 for single bytes, `[1, 64]` for random sizes.
   * @default as they arrive
   */
  readonly chunkBytes?: Amount | undefined;
  /** Milliseconds by which each write is delayed. @default 0 */
  readonly delayMs?: Amount | undefined;
}

/** A client's connection through a fault proxy: the client's socket, and the proxy's own socket to the server. */
export class ProxiedLink {
  private readonly lanes: Readonly<Record<Direction, ProxyLane>>;
  private isHalfOpen = false;

  /**
   * @internal `createFaultProxy` makes links.
   * @param client the socket that the proxy has accepted
   * @param upstream the proxy's socket to the server, which may still be connecting
   */
  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    pace: ProxyPace,
    random: SeededRandom,
    onClosed: () => void,
  ) {
    const onLimit = (): void => {
      this.cut();
    };
    this.lanes = {
      toServer: new ProxyLane(client, upstream, pace, random, onLimit),
      toClient: new ProxyLane(upstream, client, pace, random, onLimit),
    };
    let open = 2;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      socket.setNoDelay(true);
      // Why errors are ignored: 'close' follows, and tells whether there was one.
      socket.on('error', ignore).on('close', (hadError) => {
        open -= 1;
        if (open === 0) onClosed();
        if (this.isHalfOpen) return;
        // A reset is passed on as a reset.
        if (hadError) other.resetAndDestroy();
        else other.destroySoon();
      });
    }
  }

  /** Whether both sockets are open. */
  get isUp(): boolean {
    return !this.client.destroyed && !this.upstream.destroyed;
  }

  /** Returns how many bytes were passed on in a direction. */
  passedBytes(direction: Direction): number {
    return this.lanes[direction].passed;
  }

  /** Cuts the connection: both sides get a reset (RST), and bytes on their way may be lost. */
  cut(): void {
    for (const socket of [this.client, this.upstream]) socket.resetAndDestroy();
  }

  /** Ends the connection: both sides get the end (FIN) after what was passed on. */
  end(): void {
    for (const socket of [this.client, this.upstream]) socket.destroySoon();
  }

  /**
   * Cuts the connection, as {@link cut} does, as soon as this number of further bytes was passed on in a direction;
   * 0: now.
   */
  cutAfter(bytes: number, direction: Direction): void {
    this.lanes[direction].limit(bytes);
  }

  /** Passes nothing on in a direction, until {@link release}. All but one piece waits in the sender's system. */
  stall(direction: Direction): void {
    this.lanes[direction].stall();
  }

  /** Passes bytes on again. @param direction @default both */
  release(direction?: Direction): void {
    for (const one of direction ? [direction] : DIRECTIONS) this.lanes[one].release();
  }

  /**
   * Resets one side without telling the other: what that side sends is dropped. @param unaware the side that is not
   * told
   */
  halfOpen(unaware: Side): void {
    this.isHalfOpen = true;
    const [dropped, kept] =
      unaware === 'client' ? [this.upstream, this.client] : [this.client, this.upstream];
    dropped.resetAndDestroy();
    for (const lane of Object.values(this.lanes)) lane.abandon();
    kept.on('data', ignore).resume();
  }

  /** @internal Closes both sockets at once. */
  destroy(): void {
    for (const lane of Object.values(this.lanes)) lane.abandon();
    for (const socket of [this.client, this.upstream]) socket.destroy();
  }
}

/**
 * One direction through the proxy. It reads the next piece when the last one is written, so that it holds one at
 * most.
 */
class ProxyLane {
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
    private readonly onLimit: () => void,
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
    if (bytes <= 0) this.onLimit();
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
      // Waits a turn of the event loop. Why: the system would join the writes.
      if (rest.length > 0) await nextTurn();
      if (this.bytesLeft <= 0) {
        // Leaves the receiver time to read. Why: Node reports a reset that comes together with bytes as an end.
        await nextTurn();
        await nextTurn();
        this.onLimit();
      }
    }
  }
}

/** Writes bytes. Resolves when the system has taken them, or the socket is closed. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => {
      resolve();
    });
  });
}
