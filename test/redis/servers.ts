import {
  Application,
  net,
  type Connection,
  type IncomingCall,
  type NetServerOptions,
  type Server,
} from '../../lib/core.js';
import { JstpClient } from '../../lib/index.js';
import { RedisSessionStorageProvider, type RedisSessionStorageOptions } from '../../lib/redis/index.js';
import { createFaultProxy, type FaultProxy } from '../../lib/testing/index.js';
import type { Closing } from '../support/closing.js';
import { stopCore } from '../support/core.js';
import { DelayingProxy } from '../support/delaying-proxy.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import { RedisServer, type PackageName } from './redis-server.js';

/** How the servers of a test are to be. */
export interface ServersSettings {
  /** How many. @default 2 */
  readonly count?: number;
  /** How far away Redis is, in milliseconds each way. @default 0 */
  readonly redisDelayMs?: number;
  readonly client?: PackageName;
  readonly storage?: RedisSessionStorageOptions;
  readonly options?: Partial<NetServerOptions>;
}

/** One server of several, in this process. */
export interface Member {
  readonly server: Server;
  readonly port: number;
  /** The calls that it was given, answered or not. */
  readonly calls: IncomingCall<Connection>[];
  /** The first arguments of the events that it was given. */
  readonly events: unknown[];
  /** What its store could not do. */
  readonly storageErrors: Error[];
  /** How often it said that a session was taken. */
  taken: number;
  /** How many messages of its first client it has received. */
  received(): number;
  /** Closes it as an application does: hands its sessions over. */
  close(): Promise<void>;
}

/** Servers of one process that share a Redis at a distance, behind a balancer whose lines can be cut. */
export class Servers {
  /** Where the balancer sends the next connection, by the place of the server. */
  next = 0;
  readonly members: Member[] = [];

  private constructor(
    readonly redis: RedisServer,
    /** What stands before Redis. */
    readonly distance: DelayingProxy,
    private readonly closing: Closing,
    private readonly settings: ServersSettings,
  ) {}

  /** The balancer: clients dial its port, and it breaks their lines. */
  balancer!: FaultProxy;

  static async start(closing: Closing, settings: ServersSettings = {}): Promise<Servers> {
    const redis = await RedisServer.start(closing);
    const distance = await DelayingProxy.start(redis.port, settings.redisDelayMs ?? 0);
    closing.add(() => distance.close());
    const servers = new Servers(redis, distance, closing, settings);
    for (let count = 0; count < (settings.count ?? 2); count++) await servers.add();
    const balanced = {
      get port() {
        return servers.members[servers.next].port;
      },
    };
    servers.balancer = await createFaultProxy(balanced);
    closing.add(() => servers.balancer.close());
    return servers;
  }

  /** One more server. */
  async add(options: Partial<NetServerOptions> = {}, app = 'jstp'): Promise<Member> {
    const { closing, settings } = this;
    const { redis } = await this.redis.connect(settings.client ?? 'redis', this.distance.port);
    const calls: IncomingCall<Connection>[] = [];
    const events: unknown[] = [];
    const application = new (class extends Application<Connection> {
      handleCall(call: IncomingCall<Connection>): void {
        calls.push(call);
        if (call.methodName === 'quick') call.succeed([call.args[0]]);
      }

      override handleEvent(
        _connection: Connection,
        _interface: string,
        _event: string,
        args: unknown[],
      ): void {
        events.push(args[0]);
      }
    })(app, {});
    const server = net.createServer({
      applications: [application],
      sessionStorageProvider: new RedisSessionStorageProvider(redis, settings.storage),
      extensions: ['bye', 'cancel', 'nest', 'resume', 'stream'],
      ...settings.options,
      ...options,
    });
    await within(
      new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve)),
      'a server that listens',
    );
    const { port } = server.address() as { port: number };
    const storageErrors: Error[] = [];
    const close = async (): Promise<void> => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await server.drain();
      server.closeConnections();
      await closed;
    };
    const received = (): number => server.getClientsArray()[0]?.session?.receivedCount ?? 0;
    const member: Member = { server, port, calls, events, storageErrors, taken: 0, received, close };
    server.on('storageError', (error) => storageErrors.push(error as Error));
    server.on('connectionError', () => undefined);
    server.on('sessionTaken', () => (member.taken += 1));
    closing.add(() => stopCore(server));
    this.members.push(member);
    return member;
  }

  /** Cuts the client's line, and sends it to a server next. */
  cutTo(place: number): void {
    this.next = place;
    this.balancer.cut();
  }

  /** Waits until a server has been asked for so many calls. */
  async called(place: number, count = 1): Promise<IncomingCall<Connection>> {
    const { calls } = this.members[place];
    await waitFor(() => calls.length >= count, `call ${String(count)} of server ${String(place)}`);
    return calls[count - 1];
  }
}

/** A Nest client of the balancer, which notes what becomes of its session. */
export async function clientOf(
  { balancer }: Servers,
  closing: Closing,
  options: object = {},
): Promise<{ client: JstpClient; ends: string[] }> {
  const client = new JstpClient({ host: LOOPBACK, port: balancer.port, resumeTimeoutMs: 20_000, ...options });
  const ends: string[] = [];
  client.on('error', () => undefined);
  for (const end of ['sessionTaken', 'sessionLost'] as const) client.on(end, () => ends.push(end));
  closing.add(() => client.close());
  await within(client.connect(), 'a login');
  return { client, ends };
}
