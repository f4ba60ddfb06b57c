import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  JstpContext,
  JstpServer,
  net,
  tls,
  ws,
  wss,
  type Connection,
  type JstpServerOptions,
  type Server as CoreServer,
} from '../../../lib/index.js';
import { logAddresses } from '../../../lib/nest/server/log-addresses.js';
import { createMemoryEntry } from '../../../lib/testing/index.js';
import { ca, serverPair } from '../../support/certificates.js';
import { LOOPBACK, reservedPort } from '../../support/ports.js';
import { countHandles, expectNoNewHandles } from '../../support/open-handles.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd, KeptLog, startError, startService, type Service } from './fixture.js';

@Controller()
class MemoController {
  @MessagePattern('memo.keep')
  keep(@Payload() value: unknown, @Ctx() context: JstpContext): void {
    context.getSession()?.set('memo', value);
  }

  @MessagePattern('memo.read')
  read(@Ctx() context: JstpContext): unknown {
    return context.getSession()?.get('memo');
  }
}

const host = LOOPBACK;
const controllers = [MemoController];

/** The fixture's own host and port are for one transport. */
function several(
  listeners: Extract<JstpServerOptions, { listeners: unknown }>['listeners'],
): JstpServerOptions {
  return { listeners, host: undefined, port: undefined };
}

function portsOf(service: Service): number[] {
  return (service.server.unwrap<CoreServer>().address() as AddressInfo[]).map(({ port }) => port);
}

function say(connection: Connection, method: string, ...args: unknown[]): Promise<unknown> {
  return within(connection.callMethod('memo', method, args), method);
}

describe('a server with several listeners', () => {
  test('serves the same handlers, clients and events on all of them', async () => {
    const memory = createMemoryEntry();
    const service = await startService({
      controllers,
      options: several([
        { host, port: 0 },
        { transport: 'tls', host, port: 0, ...serverPair },
        { transport: 'ws', host, port: 0, path: '/jstp' },
        { transport: 'wss', host, port: 0, ...serverPair },
        { transport: memory, port: 7 },
      ]),
    });
    const [netPort, tlsPort, wsPort, wssPort] = portsOf(service);
    const client = { reconnector: (): undefined => undefined };
    const clients = await Promise.all([
      net.connect('jstp', client, netPort, host),
      tls.connect('jstp', client, { host, port: tlsPort, ca }),
      ws.connect('jstp', client, {}, `ws://${host}:${String(wsPort)}/jstp`),
      wss.connect('jstp', client, { ca }, `wss://${host}:${String(wssPort)}`),
      memory.connect('jstp', client, 7),
    ]);
    for (const connection of clients) atEnd(() => connection.close());
    expect([...service.server.getClients()]).toHaveLength(5);
    let heard = 0;
    for (const connection of clients) {
      (await connection.inspectInterface('memo')).on('told', () => (heard += 1));
      await say(connection, 'keep', 5);
      expect(await say(connection, 'read', null)).toBe(5);
    }
    service.server.broadcast('memo', 'told');
    await waitFor(() => heard === 5, 'the events');
  });

  test('a session opened on one transport is resumed on another, by a reconnector that names it', async () => {
    const service = await startService({
      controllers,
      options: several([
        { host, port: 0 },
        { transport: 'ws', host, port: 0 },
      ]),
    });
    const [, wsPort] = portsOf(service);
    const tried: unknown[] = [];
    const connection = await net.connect(
      'jstp',
      {
        reconnector: (_connection, reconnectFn) => {
          reconnectFn('ws', {}, `ws://${host}:${String(wsPort)}`);
        },
      },
      portsOf(service)[0],
      host,
    );
    atEnd(() => connection.close());
    connection.on('error', () => undefined);
    connection.on('reconnectAttempt', (name) => tried.push(name));
    await say(connection, 'keep', 'kept');
    const { session } = connection;
    (connection.getTransport() as { destroy(): void }).destroy();
    const read = say(connection, 'read', null);
    expect(await read).toBe('kept');
    expect(tried).toEqual(['ws']);
    expect(connection.session).toBe(session);
    expect((connection.getTransport() as { protocol?: string }).protocol).toBe('metarhia-jstp');
    expect([...service.server.getClients()]).toHaveLength(1);
  });

  test('the error of one fails the start, and leaves none of the others open', async () => {
    const taken = createServer();
    const port = await listening(taken);
    const other = await reservedPort({ add: atEnd });
    const before = countHandles();
    const error = await startError({
      controllers,
      options: several([
        { host, port: other },
        { transport: 'ws', host, port },
        { transport: 'tls', host, port: 0, ...serverPair },
      ]),
    });
    expect(error).toMatchObject({ code: 'EADDRINUSE', port });
    await expectNoNewHandles(before);
    await expect(net.connect('jstp', null, other, host)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('can be closed, and listen again', async () => {
    const before = countHandles();
    const server = new JstpServer({
      listeners: [
        { host, port: 0 },
        { transport: 'ws', host, port: 0 },
      ],
    });
    for (let round = 0; round < 2; round++) {
      await within(new Promise((resolve) => server.listen(resolve)), 'a server that listens');
      const core = server.unwrap<CoreServer>();
      expect(core.listening).toBe(true);
      expect(core.address()).toEqual([expect.any(Object), expect.any(Object)]);
      core.unref().ref();
      await within(server.close(), 'the end of a server');
      expect(core.listening).toBe(false);
      await expectNoNewHandles(before);
    }
  });

  test('closed while it starts, it does not listen', async () => {
    const before = countHandles();
    const server = new JstpServer({
      listeners: [
        { host, port: 0 },
        { transport: 'ws', host, port: 0 },
      ],
    });
    const told = new Promise((resolve) => server.listen(resolve));
    await within(server.close(), 'the end of a server');
    expect(String(await within(told, 'the outcome'))).toContain('closed before it listened');
    await expectNoNewHandles(before);
  });
});

async function listening(server: HttpServer): Promise<number> {
  atEnd(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

function linesOf(log: KeptLog): string[] {
  return log.lines.map(String).filter((line) => line.startsWith('Listening'));
}

describe('the log of a server that has started', () => {
  test('names each address that it listens on', async () => {
    const path = join(tmpdir(), `jstp-log-${process.pid}-${Date.now()}.sock`);
    const log = new KeptLog();
    const service = await startService({
      controllers,
      logger: log,
      options: several([
        { host, port: 0 },
        { path },
        { transport: 'tls', host, port: 0, ...serverPair },
        { transport: 'ws', host, port: 0, path: '/jstp' },
        { transport: 'wss', host, port: 0, ...serverPair },
        { transport: createMemoryEntry(), port: 7 },
      ]),
    });
    const [netPort, , tlsPort, wsPort, wssPort] = portsOf(service).map(String);
    expect(linesOf(log)).toEqual([
      `Listening on net ${host}:${netPort}`,
      `Listening on net ${path}`,
      `Listening on tls ${host}:${tlsPort}`,
      `Listening on ws ${host}:${wsPort}/jstp`,
      `Listening on wss ${host}:${wssPort}/`,
      'Listening on memory:7',
    ]);
  });

  test('names that of its only listener', async () => {
    const log = new KeptLog();
    const service = await startService({ controllers, logger: log });
    expect(log.lines).toContain(`Listening on net ${host}:${String(service.port)}`);
  });

  test('names that of a shared server when its owner makes it listen, and not after the end', async () => {
    for (const end of ['none', 'in a listener', 'later']) {
      const log = new KeptLog();
      const http = createServer();
      const before = http.listenerCount('listening');
      const service = await startService({
        controllers,
        logger: log,
        options: several([
          { transport: 'ws', server: http, path: '/jstp' },
          { host, port: 0 },
        ]),
        configure: (_app, server) => {
          atEnd(() => http.close());
          if (end === 'in a listener') server.on('listening', () => void server.close());
        },
      });
      const shared = (): string[] => linesOf(log).filter((line) => line.startsWith('Listening on ws'));
      expect(shared()).toEqual([]);
      if (end === 'later') await service.server.close();
      if (end !== 'none') expect(http.listenerCount('listening')).toBe(before);
      await new Promise<void>((resolve) => http.listen(0, host, resolve));
      const { port } = http.address() as AddressInfo;
      expect(shared()).toEqual(end !== 'none' ? [] : [`Listening on ws ${host}:${port}/jstp`]);
    }
  });

  test('has addresses of IPv6 as URLs have them', () => {
    const lines: string[] = [];
    const place = { transport: 'net', path: '', shared: undefined };
    logAddresses([place], { address: '::1', family: 'IPv6', port: 3000 }, (line) => lines.push(line));
    expect(lines).toEqual(['Listening on net [::1]:3000']);
  });
});
