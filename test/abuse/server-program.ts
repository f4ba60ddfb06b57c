/*
 * The server under attack: a JstpServer with default limits, over net, tls and ws.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo, Server as NodeServer } from 'node:net';
import { Logger } from '@nestjs/common';
import { Application, JstpServer, JstpStream, type Connection, type IncomingCall } from '../../lib/index.js';
import type { Server as CoreServer } from '../../lib/core.js';
import { serverPair } from '../support/certificates.js';
import { endWithParent, HOST, say } from './conversation.js';

/** How long the handler of the good client's calls waits, as for a database. */
const WORK_MS = 10;
const SAMPLE_MS = 100;
const PASSWORD = 'correct horse';

/** So many as a larger service has, to be described. */
const METHODS = Array.from({ length: 200 }, (_, n) => `method${n}`);

const counts = { refused: 0, failed: 0, turnedAway: 0, logLines: 0 };

class AbusedApplication extends Application<Connection> {
  constructor() {
    super('app', { db: Object.fromEntries(METHODS.map((name) => [name, () => undefined])) });
  }

  override handleEvent(): void {}

  handleCall(call: IncomingCall<Connection>): void {
    this.answer(call).catch((error: unknown) => call.fail(error));
  }

  private async answer(call: IncomingCall<Connection>): Promise<void> {
    const [value] = call.args;
    switch (call.methodName) {
      case 'work':
        await delay(WORK_MS);
        call.succeed([value]);
        break;
      case 'wait':
        // As most handlers do, it looks at no signal.
        await delay(5000);
        call.succeed([]);
        break;
      case 'give':
        call.succeed(['x'.repeat(Math.min(Number(value), 1_000_000))]);
        break;
      case 'feed':
        await feed(call);
        break;
      case 'take':
        await take(call);
        break;
      default:
        call.succeed([]);
    }
  }
}

/** A stream without an end, as fast as its caller gives credit. */
async function feed(call: IncomingCall<Connection>): Promise<void> {
  const stream = call.openStream();
  for (let n = 0; ; n += 1) if (!stream.write('x'.repeat(1000)) && !(await stream.ready())) return;
}

/** Reads one value of each argument that streams, keeps the rest waiting for a while, and answers. */
async function take(call: IncomingCall<Connection>): Promise<void> {
  const streams = call.args.filter((value) => value instanceof JstpStream);
  await Promise.all(streams.map((stream) => stream.next()));
  await delay(5000);
  call.succeed([]);
}

Logger.overrideLogger({
  log: () => undefined,
  warn: countLine,
  error: countLine,
});

function countLine(): void {
  counts.logLines += 1;
}

const server = new JstpServer({
  listeners: [
    { transport: 'net', host: HOST, port: 0 },
    { transport: 'tls', host: HOST, port: 0, ...serverPair },
    { transport: 'ws', host: HOST, port: 0 },
    { transport: 'net', host: HOST, port: 0, proxyProtocol: true, trustProxy: 'loopback' },
  ],
  applications: [new AbusedApplication()],
  allowAnonymous: true,
  reflection: true,
  administration: { guard: { canActivate: () => false } },
  authPolicy: async (_connection, _application, _strategy, credentials) => {
    const [name, password] = credentials as [string, string];
    await delay(1);
    return password === PASSWORD && name;
  },
});
server.on('connectionRefused', () => (counts.refused += 1));
server.on('connectionError', () => (counts.failed += 1));
server.on('handshakeRefused', () => (counts.turnedAway += 1));
server.on('handshakeTimeout', () => (counts.turnedAway += 1));

endWithParent();
server.listen((error) => {
  if (error) throw error;
  const [net, tls, ws, proxied] = (server.unwrap<CoreServer>().getRawServer() as NodeServer[]).map(
    (raw) => (raw.address() as AddressInfo).port,
  );
  say({ kind: 'listens', target: { net, tls, ws, proxied } });
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const rss = process.memoryUsage.rss();
    say({ kind: 'sample', cpuMs: (user + system) / 1000, rss, ...counts, usage: server.getUsage() });
  }, SAMPLE_MS);
});
