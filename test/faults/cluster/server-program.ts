/**
 * A server of the fault runs of several servers, as a process of its own. What it runs, it writes down in a file that
 * all servers append to, one line each: a write is one step of the system, so that the file is in the order in which
 * things ran, and what a killed process wrote is there. SIGTERM closes it as an application does.
 */
import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { net, type ApplicationLike, type Connection, type IncomingCall } from '../../../lib/core.js';
import { RedisSessionStorageProvider } from '../../../lib/redis/index.js';

/** How a server is to be; its argument, as JSON. */
export interface ServerSettings {
  readonly redisPort: number;
  readonly recordFile: string;
  readonly writeThrough: boolean;
  readonly leaseMs: number;
  readonly drainTimeoutMs: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as ServerSettings;
const record = openSync(settings.recordFile, 'a');

const LOOK_MS = 100;

/** `client seq session process` of what is run. */
function note({ session }: Connection, [client, seq]: unknown[]): void {
  writeSync(
    record,
    `${String(client)} ${String(seq)} ${session?.id.slice(0, 8) ?? ''} ${String(process.pid)}\n`,
  );
}

/** Answers calls in all the ways that a move may come upon. */
class FaultApplication implements ApplicationLike<Connection> {
  readonly name = 'app';
  readonly version = '1.0.0';

  callMethod(): void {
    throw new Error('handleCall takes all calls');
  }

  getMethods(): string[] {
    return ['echo', 'slow', 'ask', 'count'];
  }

  handleEvent(connection: Connection, _interface: string, _event: string, args: unknown[]): void {
    note(connection, args);
  }

  handleCall(call: IncomingCall<Connection>): void {
    const { connection, args } = call;
    const seq = args[1];
    note(connection, args);
    // Journaled before the answer: who has the answer of a call has its event, too.
    connection.emitRemoteEvent('side', 'told', [seq]);
    this.answer(call, seq).catch((error: unknown) => call.fail(error));
  }

  private async answer(call: IncomingCall<Connection>, seq: unknown): Promise<void> {
    if (call.methodName === 'count') {
      await count(call);
      return;
    }
    if (call.methodName === 'slow') await delay(Number(call.args[2]));
    // The client has to be there for this handler to end.
    if (call.methodName === 'ask') await call.connection.callMethod('side', 'double', [seq]);
    call.succeed([seq]);
  }
}

async function count(call: IncomingCall<Connection>): Promise<void> {
  const stream = call.openStream();
  const last = Number(call.args[2]);
  for (let n = 1; n <= last; n++) {
    if (!stream.write(n) && !(await stream.ready())) return;
    if (n % 10 === 0) await delay(1);
  }
  stream.end();
}

const redis = createClient({
  socket: { port: settings.redisPort, host: '127.0.0.1', reconnectStrategy: 50 },
});
redis.on('error', () => undefined);
await redis.connect();

const server = net.createServer({
  applications: [new FaultApplication()],
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
server.on('connectionError', () => undefined);
// What the store cannot do while it is away is what these runs are about: the ledger tells what came of it.
server.on('storageError', () => undefined);
// A session is here now.
for (const arrival of ['connect', 'reconnect'] as const) {
  server.on(arrival, ({ username }) => writeSync(record, `at ${String(username)} ${String(process.pid)}\n`));
}
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));

// Others take a server for dead whose lease it does not renew. Where a machine is that busy, the report says so.
let lookedAt = performance.now();
setInterval(() => {
  const stoodMs = performance.now() - lookedAt;
  lookedAt += stoodMs;
  if (stoodMs > settings.leaseMs / 2)
    writeSync(record, `stood ${String(process.pid)} ${stoodMs.toFixed()}\n`);
}, LOOK_MS).unref();

process.once('SIGTERM', () => {
  server.close();
  void server.drain().then(() => {
    server.closeConnections();
    redis.destroy();
    process.disconnect();
  });
});
