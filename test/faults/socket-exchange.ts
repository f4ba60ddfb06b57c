import {
  net,
  tls,
  ws,
  type ApplicationLike,
  type ClientOptions,
  type Connection,
  type IncomingCall,
  type Server,
} from '../../lib/core.js';
import { createFaultProxy, type FaultProxy } from '../../lib/testing/index.js';
import { DIRECTIONS, type Direction } from '../../lib/testing/faults.js';
import { ca, serverPair } from '../support/certificates.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import { Exchange } from './exchange.js';
import { placesOf, wrongAt, type Cut, type ExchangeReport } from './exchange-report.js';

const LANES = 8;
const MAX_CONNECTS = 5;
const MAX_EXCHANGE_MS = 10_000;
/** By how much the bytes of a handshake vary from one to the next: a TLS one has signatures. */
const VARYING_BYTES = { net: 0, tls: 16, ws: 0 };

/** The transports over real sockets. */
export const SOCKET_TRANSPORTS = ['net', 'tls', 'ws'] as const;
export type SocketTransportName = (typeof SOCKET_TRANSPORTS)[number];

/** The exchanges under way at one server. */
class Stage implements ApplicationLike<Connection> {
  readonly name = 'app';
  readonly version = '1.0.0';
  private readonly exchanges = new Map<string, Exchange>();
  private readonly entered = new Map<string, Connection>();
  private readonly server: Server;
  private count = 0;

  constructor(private readonly transport: SocketTransportName) {
    const applications = [this];
    if (transport === 'tls') this.server = tls.createServer({ applications, ...serverPair });
    else this.server = transport === 'net' ? net.createServer(applications) : ws.createServer(applications);
    this.server.on('connect', (connection) => this.entered.set(connection.session?.id ?? '', connection));
    this.server.on('connectionError', () => undefined);
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, LOOPBACK, resolve));
    return (this.server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeConnections();
    await closed;
  }

  callMethod(): void {
    throw new Error('handleCall takes all calls');
  }

  getMethods(): undefined {
    return undefined;
  }

  handleCall(call: IncomingCall<Connection>): void {
    this.exchanges.get(String(call.args[1]))?.applications.toServer.handleCall(call);
  }

  handleEvent(connection: Connection, interfaceName: string, eventName: string, args: unknown[]): void {
    const exchange = this.exchanges.get(String(args[1]));
    exchange?.applications.toServer.handleEvent(connection, interfaceName, eventName, args);
  }

  /**
   * One exchange through a proxy; answers with what is wrong.
   * @param atEnd called when all of it has arrived, while the line is up
   */
  async run(
    proxy: FaultProxy,
    cut: Cut | undefined,
    atEnd: () => void = () => undefined,
  ): Promise<string | undefined> {
    const exchange = new Exchange(String(this.count++));
    this.exchanges.set(exchange.key, exchange);
    if (cut) proxy.cutAfter(cut.offset, cut.direction);
    const client = await this.connect(exchange, proxy.port);
    const id = client.session?.id ?? '';
    const remote = this.entered.get(id);
    try {
      if (!remote) return 'the server does not know the client';
      await within(exchange.run(client, remote), 'the end of an exchange', MAX_EXCHANGE_MS);
      atEnd();
      return exchange.verdict();
    } catch (error) {
      return exchange.verdict() ?? (error as Error).message;
    } finally {
      this.exchanges.delete(exchange.key);
      this.entered.delete(id);
      client.close();
      await waitFor(() => proxy.links.length === 0, 'the end of a connection');
    }
  }

  private async connect(exchange: Exchange, port: number): Promise<Connection> {
    const client: ClientOptions = {
      application: exchange.applications.toClient,
      reconnector: (_connection, reconnectFn) => {
        reconnectFn();
      },
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dial(client, port);
      } catch (error) {
        if (attempt === MAX_CONNECTS) throw error;
      }
    }
  }

  private dial(client: ClientOptions, port: number): Promise<Connection> {
    if (this.transport === 'net') return net.connect('app', client, port, LOOPBACK);
    if (this.transport === 'tls') return tls.connect('app', client, { port, host: LOOPBACK, ca });
    return ws.connect('app', client, {}, `ws://${LOOPBACK}:${port}`);
  }
}

/**
 * The exchange over real sockets, through fault proxies, cut at every byte (or each n-th one) of each direction; several
 * at once.
 */
export async function cutSocketExchange(transport: SocketTransportName, step = 1): Promise<ExchangeReport> {
  const start = performance.now();
  const stage = new Stage(transport);
  const port = await stage.listen();
  const proxies = await Promise.all(Array.from({ length: LANES }, () => createFaultProxy({ port })));
  const wrongs: string[] = [];
  let cuts = 0;
  try {
    const bytes = await measure(stage, proxies[0]);
    const varying = VARYING_BYTES[transport];
    const places = placesOf(
      { toServer: bytes.toServer + varying, toClient: bytes.toClient + varying },
      step,
    ).values();
    const runAll = async (proxy: FaultProxy): Promise<void> => {
      for (const place of places) {
        const before = proxy.linkCount;
        const wrong = await stage.run(proxy, place);
        const isCut = proxy.linkCount > before + 1;
        cuts += Number(isCut);
        // A place where nothing was cut proves nothing.
        const isMissed = !isCut && place.offset < bytes[place.direction] - varying;
        const what = wrong ?? (isMissed ? 'the line was never cut' : undefined);
        if (what !== undefined) wrongs.push(wrongAt(transport, place, what));
      }
    };
    // All take from the same iterator.
    await Promise.all(proxies.map(runAll));
    return { transport, bytes, cuts, wrongs, ms: performance.now() - start };
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await stage.close();
  }
}

/** How many bytes go each way in an exchange that is not cut. */
async function measure(stage: Stage, proxy: FaultProxy): Promise<Record<Direction, number>> {
  const bytes = { toServer: 0, toClient: 0 };
  const wrong = await stage.run(proxy, undefined, () => {
    for (const direction of DIRECTIONS) bytes[direction] = proxy.links[0].passedBytes(direction);
  });
  if (wrong !== undefined) throw new Error(`Wrong without any cut: ${wrong}`);
  return bytes;
}
