/** "Troubleshooting": each message of the page that our side makes comes, word for word. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import {
  Arg,
  JstpClient,
  JstpModule,
  JstpRecordBuilder,
  JstpServer,
  net,
  Session,
  type Connection,
  type Server,
} from 'nestjs-jstp';
import { registerMetrics } from 'nestjs-jstp/metrics';
import { RedisSessionStorageProvider } from 'nestjs-jstp/redis';
import { JstpHealthIndicator } from 'nestjs-jstp/terminus';
import { Registry } from 'prom-client';
import { createClient } from 'redis';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';

const page = readFileSync('../docs/troubleshooting.md', 'utf8');
const log: string[] = [];
const write = (_level: string, ...parts: unknown[]) => log.push(parts.map(String).join(' '));
const logger = {
  log: () => undefined,
  debug: () => undefined,
  warn: (...parts: unknown[]) => write('warn', ...parts),
  error: (...parts: unknown[]) => write('error', ...parts),
};
const quiet = { abortOnError: false, logger } as const;

@Controller()
class C {
  @MessagePattern('sums.add')
  add() {
    return 1;
  }

  @MessagePattern('rooms.last')
  last(@Arg(0) _room: string, @Arg(1) _count: number) {
    return 1;
  }
}

@Controller()
class Stuck {
  @MessagePattern('sums.add')
  add() {
    return new Promise(() => undefined);
  }
}

@Controller()
class D {
  @MessagePattern('sums.add')
  add() {
    return 2;
  }
}

@Injectable()
class NoGuard {
  canActivate() {
    return false;
  }
}

@Injectable()
class NamelessGuard {
  canActivate() {
    return true;
  }
}

@Module({ controllers: [C] })
class One {}

@Module({ controllers: [Stuck] })
class StuckModule {}

@Module({ controllers: [C, D] })
class Two {}

@Module({ imports: [JstpModule] })
class Bare {}

@Module({ providers: [JstpHealthIndicator] })
class Unhealthy {}

@Module({ imports: [JstpModule.forRoot({ host: '127.0.0.1', port: 0 })] })
class Unconnected {}

@Module({ imports: [JstpModule.forRoot({ port: 0 }), JstpModule.forRoot({ port: 0 })] })
class Twice {}

/** Shows that the page has a text, and that an error has it. The page's example port stands for any. */
function told(text: string, message: string): void {
  assert.ok(page.includes(text), `the page does not tell of: ${text}`);
  const shown = message.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:4000');
  assert.ok(shown.includes(text), `${text}\nis told, but there is\n${shown}`);
}

async function fails(text: string, run: () => unknown): Promise<void> {
  const error = await Promise.resolve()
    .then(run)
    .then(
      () => assert.fail(`nothing fails with: ${text}`),
      (reason: unknown) => reason,
    );
  told(text, typeof error === 'string' ? error : (error as Error).message);
}

function serve(module: Type, strategy: unknown) {
  return NestFactory.createMicroservice<MicroserviceOptions>(module, { ...quiet, strategy } as never);
}

async function connects(options: object): Promise<void> {
  const client = new JstpClient(options);
  try {
    await client.connect();
  } finally {
    await client.close();
  }
}

// Options.
const wrong = (options: object) => () => new JstpServer(options as never);
await fails('Unknown name "prot" in options: did you mean "port"?', wrong({ prot: 1 }));
await fails(
  'port must be an integer from 0 to 65535, or its digits, but "abc" was given',
  wrong({ port: 'abc' }),
);
await fails(
  'authPolicy must be an instance of the guard (its class with JstpModule only)',
  wrong({ authPolicy: NoGuard }),
);
await fails(
  "server must be a server of HTTP, as app.getHttpServer() gives it, a function that gives it, or 'http' (with JstpModule only)",
  wrong({ transport: 'ws', server: 'http' }),
);
await fails(
  'cert must be a certificate with its key, or one of pfx, SNICallback, pskCallback, for tls',
  wrong({ transport: 'tls' }),
);
await fails(
  'ca must be given in connectOptions: { ca }',
  () => new JstpClient({ transport: 'tls', ca: 'x' } as never),
);

const redis = createClient();
await fails(
  'redis must be told to connect first: connect() was not called',
  () => new RedisSessionStorageProvider(redis),
);
await fails(
  'sessionStorageProvider must be an object with methods get and set, and no client of Redis',
  wrong({ sessionStorageProvider: redis }),
);

// Starts.
const server = new JstpServer({ host: '127.0.0.1', port: 0 });
await fails('The JSTP server has not been started: call "listen" or "startAllMicroservices" first', () =>
  server.getClients(),
);
const app = await serve(One, server);
await app.listen();
const { port } = server.unwrap<{ address(): AddressInfo }>().address();
const address = { host: '127.0.0.1', port };
await fails('listen EADDRINUSE: address already in use 127.0.0.1:4000', async () =>
  (await serve(One, new JstpServer(address))).listen(),
);
await fails('Two handlers serve the method sums.add of jstp@1.0.0: C.add and D.add', async () =>
  (await serve(Two, new JstpServer({ host: '127.0.0.1', port: 0 }))).listen(),
);
await fails('serverInstance.addHandler is not a function', async () =>
  (await serve(One, JstpServer)).listen(),
);
await fails('Nest cannot export a provider/module', () => NestFactory.create(Bare, quiet));
await fails('JstpModule must be imported once', () => NestFactory.create(Twice, quiet));
await fails('Nest could not find JstpServer element', async () =>
  (await NestFactory.create(One, quiet)).get(JstpServer),
);
const unconnected = await NestFactory.create(Unconnected, quiet);
await unconnected.init();
told('The JstpServer of JstpModule does not listen', log.join('\n'));
await unconnected.close();

// What other packages have a part in.
const registry = new Registry();
const counting = new JstpServer({ metrics: true });
await fails('sources.chat must be made with the option metrics: true, but was made without', () =>
  registerMetrics(registry, { chat: new JstpServer() }),
);
registerMetrics(registry, { chat: counting });
await fails('A metric with the name rpc_server_call_duration_seconds has already been registered.', () =>
  registerMetrics(registry, { chat: counting }),
);
await fails("Nest can't resolve dependencies of the JstpHealthIndicator (?)", () =>
  NestFactory.create(Unhealthy, quiet),
);

// Calls.
const client = new JstpClient(address);
await fails('Not initialized. Please call the "connect" method first.', () => client.unwrap());
const send = (pattern: string, data: unknown) => () => firstValueFrom(client.send(pattern, data));
await fails('There is no matching message handler defined in the remote service.', send('sums.sub', 1));
await fails('Invalid signature: rooms.last takes 2 arguments, not 1', send('rooms.last', ['kitchen', 5]));
await fails('The invalid data or message pattern (undefined/null)', send('sums.add', undefined));
await fails('A bigint at [0] cannot be written: send a string or a number', send('sums.add', 1n));
await fails('Interface not found', () => client.inspect('nothing'));

// Connects.
await fails('Application not found: chat@^2.0.0', () => connects({ ...address, app: 'chat@^2.0.0' }));
told('known: jstp', log.join('\n'));
await fails('Authentication failed', () => connects({ ...address, login: 'ann', password: '' }));
told("no @JstpHandshake handler and no authPolicy decides on the strategy 'login'", log.join('\n'));
await fails('Client network socket disconnected before secure TLS connection was established', () =>
  connects({ ...address, transport: 'tls' }),
);
await fails('The connection was not made in time', () =>
  connects({ url: `ws://127.0.0.1:${port}/jstp`, limits: { handshakeTimeoutMs: 200 } }),
);
for (const [authPolicy, login, reason] of [
  [new NoGuard(), {}, "the guard answered false (application 'jstp', strategy 'anonymous'"],
  [new NamelessGuard(), { strategy: 'token', credentials: 'x' }, 'no user was named'],
] as const) {
  const guarded = new JstpServer({ host: '127.0.0.1', port: 0, authPolicy });
  const guardedApp = await serve(One, guarded);
  await guardedApp.listen();
  const guardedPort = guarded.unwrap<{ address(): AddressInfo }>().address().port;
  await fails('Authentication failed', () => connects({ host: '127.0.0.1', port: guardedPort, ...login }));
  told(reason, log.join('\n'));
  await guardedApp.close();
}
const unknown = new Session<Connection>(null as never, '');
await assert.rejects(net.connect('jstp', { session: unknown }, port, '127.0.0.1'));
told('the session is unknown', log.join('\n'));

const web = new JstpServer({ transport: 'ws', host: '127.0.0.1', port: 0, path: '/jstp' });
const webApp = await serve(One, web);
await webApp.listen();
const webPort = web.unwrap<{ address(): AddressInfo }>().address().port;
await fails('Unexpected server response: 404', () => connects({ url: `ws://127.0.0.1:${webPort}/other` }));
await fails('Unexpected server response: 403', () => {
  const socket = new WebSocket(`ws://127.0.0.1:${webPort}/jstp`);
  return new Promise((resolve, reject) => socket.once('error', reject).once('open', resolve));
});
await webApp.close();

await fails('connect ECONNREFUSED 127.0.0.1:4000', () => connects({ host: '127.0.0.1', port: 1 }));
const http = createServer();
await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
const httpPort = (http.address() as AddressInfo).port;
await fails('Connection closed before receiving handshake', () =>
  connects({ host: '127.0.0.1', port: httpPort }),
);
http.close();

const sessionLost = new Promise<void>((resolve) => client.on('sessionLost', resolve));
for (const connection of server.unwrap<Server>().getClientsArray()) connection.close();
await sessionLost;
told('The session at net 127.0.0.1:4000 has ended: the next connection logs in anew', log.join('\n'));
await client.connect();
await app.close();
await client.close();
told('The server at net 127.0.0.1:4000 is closing: the next connection logs in anew', log.join('\n'));

// What never ends.
const limits = { drainTimeoutMs: 0, closeTimeoutMs: 10 };
const stuckServer = new JstpServer({ host: '127.0.0.1', port: 0, limits });
const stuckApp = await serve(StuckModule, stuckServer);
await stuckApp.listen();
const stuckPort = stuckServer.unwrap<{ address(): AddressInfo }>().address().port;
const caller = new JstpClient({ host: '127.0.0.1', port: stuckPort, limits });
const record = new JstpRecordBuilder(1).setTimeout(50).build();
await fails('Call timed out: the caller waits no longer', () => caller.call('sums', 'add', record));
const answer = caller.call('sums', 'add', 1);
const lost = fails(
  "The answer of 'sums.add' is lost: the connection or its session ended before it came",
  () => answer,
);
await caller.close();
await lost;
await stuckApp.close();
told('Handlers that run on after the close, though their signals were aborted: ', log.join('\n'));
