import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { checkNames } from '../protocol/option-checks.js';
import { ignore } from '../util/callback.js';
import type { Direction, Side } from './faults.js';
import { ProxiedLink, type ProxyPace } from './proxied-link.js';
import { SeededRandom } from './seeded-random.js';

const LOOPBACK = '127.0.0.1';

/** What a fault proxy stands in front of. */
export interface FaultProxyOptions extends ProxyPace {
  /** The server's port. */
  readonly port: number;
  /** The server's address. @default '127.0.0.1' */
  readonly host?: string;
  /** Decides the sizes and delays that are left to chance. @default 1 */
  readonly seed?: number;
}

const OPTION_NAMES = Object.keys({
  port: true,
  host: true,
  seed: true,
  chunkBytes: true,
  delayMs: true,
} satisfies Record<keyof FaultProxyOptions, true>);

/**
 * A TCP proxy on the loopback that clients dial in the place of a server, and that does to their connections what a bad
 * network does. It only moves bytes: net, tls and WebSockets pass it alike. Its methods act on all present connections.
 */
export class FaultProxy {
  /** Whether who connects is ended at once. @default false */
  isRefusing = false;
  /** How bytes pass; connections keep what they began with. */
  pace: ProxyPace;
  private readonly random: SeededRandom;
  private readonly present = new Set<ProxiedLink>();
  private readonly server: Server;
  private planned: [bytes: number, direction: Direction] | undefined;
  private count = 0;

  /** @internal `createFaultProxy` makes one that listens. */
  constructor(private readonly options: FaultProxyOptions) {
    checkNames('options', options, OPTION_NAMES);
    this.random = new SeededRandom(options.seed ?? 1);
    this.pace = options;
    // A FIN of one side is passed on by itself: the other may still have something to say.
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      this.accept(client);
    });
  }

  /** The proxy's port: the one to dial. */
  get port(): number {
    return (this.server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** The present connections, the oldest first. */
  get links(): readonly ProxiedLink[] {
    return [...this.present];
  }

  /** How many connections were accepted. */
  get linkCount(): number {
    return this.count;
  }

  /** Breaks the connections now, by RST: both sides see a reset. */
  cut(): void {
    for (const link of this.present) link.cut();
  }

  /** Ends the connections in order, by FIN: what was passed on arrives before. */
  end(): void {
    for (const link of this.present) link.end();
  }

  /**
   * Breaks the present connections by RST when so many more bytes were passed on in a direction (0 is now). Where there
   * is none, the next one, counted from its first byte: within its TLS, WebSocket or JSTP handshake.
   */
  cutAfter(bytes: number, direction: Direction): void {
    if (this.present.size === 0) this.planned = [bytes, direction];
    for (const link of this.present) link.cutAfter(bytes, direction);
  }

  /** Passes nothing on in a direction of the present connections, until {@link release}. */
  stall(direction: Direction): void {
    for (const link of this.present) link.stall(direction);
  }

  /** Passes on again; without a direction, both ways. */
  release(direction?: Direction): void {
    for (const link of this.present) link.release(direction);
  }

  /**
   * One side of the present connections goes away, and the other is not told: its line seems up, and what it sends
   * is taken and dropped.
   * @param unaware the side that stays. @default 'client'
   */
  halfOpen(unaware: Side = 'client'): void {
    for (const link of this.present) link.halfOpen(unaware);
  }

  /** Ends the proxy and all of its connections; resolves when nothing of it is open. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    for (const link of this.present) link.destroy();
    await closed;
  }

  /** @internal */
  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, LOOPBACK, () => {
        this.server.off('error', reject);
        resolve(this);
      });
    });
  }

  private accept(client: Socket): void {
    if (this.isRefusing) {
      client.on('error', ignore);
      client.resetAndDestroy();
      return;
    }
    const { port, host = LOOPBACK } = this.options;
    const upstream = connect({ port, host, allowHalfOpen: true });
    const link = new ProxiedLink(client, upstream, this.pace, this.random, () => {
      this.present.delete(link);
    });
    this.present.add(link);
    this.count += 1;
    const { planned } = this;
    this.planned = undefined;
    if (planned) link.cutAfter(...planned);
  }
}

/**
 * Starts a fault proxy in front of a server.
 * @returns rejects where it cannot listen
 * @example
 * const proxy = await createFaultProxy({ port });
 * const client = await net.connect('app', null, proxy.port);
 * proxy.cutAfter(100, 'toClient');
 */
export function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  return new FaultProxy(options).listen();
}
