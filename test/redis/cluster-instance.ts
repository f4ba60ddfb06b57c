/**
 * A server of a cluster, as a process of its own: sessions in Redis, and methods that count in Redis how often they
 * run. Told what to do by messages of its parent.
 */
import { createClient } from 'redis';
import { Application, net, type Connection } from '../../lib/core.js';
import { RedisSessionStorageProvider } from '../../lib/redis/index.js';

/** How an instance is to be; its argument, as JSON. */
export interface InstanceSettings {
  readonly redisPort: number;
  readonly writeThrough: boolean;
  readonly leaseMs: number;
  readonly drainTimeoutMs: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as InstanceSettings;
const redis = createClient({ socket: { port: settings.redisPort, host: '127.0.0.1' } });
redis.on('error', () => undefined);
await redis.connect();

const released = new Map<string, () => void>();
const works = {
  /** Runs, and is counted as run. */
  quick: async (_connection: Connection, name: string) =>
    `${name}: ${String(await redis.incr(`ran:${name}`))}`,
  /** The same, and answers when the parent says so. */
  held: async (_connection: Connection, name: string) => {
    const count = await redis.incr(`ran:${name}`);
    process.send?.({ ran: name });
    await new Promise<void>((resolve) => released.set(name, resolve));
    return `${name}: ${String(count)}`;
  },
};
const server = net.createServer({
  applications: [new Application<Connection>('app', { works })],
  sessionStorageProvider: new RedisSessionStorageProvider(redis, {
    leaseMs: settings.leaseMs,
    writeThrough: settings.writeThrough,
  }),
  authPolicy: (_connection, _application, _strategy, credentials, callback) => {
    callback(null, (credentials as string[])[0]);
  },
  limits: { drainTimeoutMs: settings.drainTimeoutMs },
  extensions: ['stream', 'cancel', 'bye', 'resume'],
});
server.on('storageError', () => undefined);
server.on('connectionError', () => undefined);
server.on('sessionTaken', () => process.send?.({ taken: true }));

process.on('message', (message: { release?: string; emit?: string; drain?: boolean; count?: boolean }) => {
  if (message.release !== undefined) released.get(message.release)?.();
  if (message.emit !== undefined) {
    for (const connection of known) connection.emitRemoteEvent('news', 'told', [message.emit]);
  }
  if (message.drain) void drain();
});

// Those that are away, too: what is sent to them waits for them.
const known = new Set<Connection>();
server.on('connect', (connection) => known.add(connection));
server.on('reconnect', (connection) => known.add(connection));
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});

async function drain(): Promise<void> {
  server.close();
  await server.drain();
  server.closeConnections();
  process.send?.({ drained: true });
  redis.destroy();
  process.disconnect();
}
