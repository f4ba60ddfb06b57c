import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { checkNames } from '../protocol/option-checks.js';
import { ignore } from '../util/callback.js';
import type { Direction, Side } from './faults.js';
import { ProxiedLink, type ProxyPace } from './proxied-link.js';
import { SeededRandom } from './seeded-random.js';

const LOOPBACK = '127.0.0.1';

/** The options of `createFaultProxy`: the server behind the proxy, and how bytes pass. */
export interface FaultProxyOptions extends ProxyPace {
  /** The server's port. */
  readonly port: number;
  /** The server's address. @default '127.0.0.1' */
  readonly host?: string;
  /** An integer from which all sizes and delays follow that are left to chance. @default 1 */
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
 * A TCP proxy on the loopback interface that clients dial in place of a server, and that can do to their connections
 * what a bad network does. It only moves bytes, so that net, tls and WebSockets can use it. Its methods act on all
 * connections that are open.
 */
export class FaultProxy {
  /** Whether the proxy resets new connections at once. @default false */
  isRefusing = false;
  /** How bytes pass in new connections; open ones keep their pace. */
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
    // Why half-open: the FIN of one side is passed on by itself, as the other side may still send.
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      this.accept(client);
    });
  }

  /** The proxy's port: the one to dial. */
  get port(): number {
    return (this.server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** The open connections, the oldest first. */
  get links(): readonly ProxiedLink[] {
    return [...this.present];
  }

  /** How many connections were accepted so far. */
  get linkCount(): number {
    return this.count;
  }

  /** Cuts the connections by RST: both sides get a reset. */
  cut(): void {
    for (const link of this.present) link.cut();
  }

  /** Ends the connections by FIN, after what was passed on. */
  end(): void {
    for (const link of this.present) link.end();
  }

  /**
   * Cuts the open connections by RST as soon as this number of further bytes was passed on in a direction; 0: now.
   * Where none is open, the next connection is cut, counted from its first byte: so it can be cut within its
   * handshake.
   */
  cutAfter(bytes: number, direction: Direction): void {
    if (this.present.size === 0) this.planned = [bytes, direction];
    for (const link of this.present) link.cutAfter(bytes, direction);
  }

  /** Passes nothing on in a direction, until {@link release}. */
  stall(direction: Direction): void {
    for (const link of this.present) link.stall(direction);
  }

  /** Passes bytes on again. @param direction @default both */
  release(direction?: Direction): void {
    for (const link of this.present) link.release(direction);
  }

  /**
   * Resets one side of the connections without telling the other. For that side the connection seems open, and what
   * it sends is dropped.
   * @param unaware the side that is not told. @default 'client'
   */
  halfOpen(unaware: Side = 'client'): void {
    for (const link of this.present) link.halfOpen(unaware);
  }

  /** Ends the proxy and all of its connections. Resolves when all sockets are closed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
    for (const link of this.present) link.destroy();
    await closed;
  }

  /** @internal Starts to listen on a port that the system chooses. Rejects where that fails. */
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
 * @returns a Promise of the proxy, which listens; it rejects where the proxy cannot listen
 * @throws ConfigurationError for an unknown option
 * @example
 * const proxy = await createFaultProxy({ port });
 * const client = await net.connect('app', null, proxy.port);
 * proxy.cutAfter(100, 'toClient');
 */
export function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  return new FaultProxy(options).listen();
}
