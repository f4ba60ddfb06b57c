import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Controller, Get, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { WebSocket, WebSocketServer } from 'ws';
import { JstpServer, ws, type Connection } from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { countHandles, expectNoNewHandles } from '../../support/open-handles.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd } from './fixture.js';

@Controller()
class PageController {
  @Get('page')
  page(): string {
    return 'a page';
  }

  @MessagePattern('sums.one')
  one(): number {
    return 1;
  }
}

interface Hybrid {
  readonly app: INestApplication;
  readonly server: JstpServer;
  readonly port: number;
}

/** A hybrid application; its microservices start first, as Nest's documentation has it. */
async function start(configure: (server: HttpServer) => void = () => undefined): Promise<Hybrid> {
  const app = await NestFactory.create(moduleOf({ controllers: [PageController] }), QUIET);
  const http = app.getHttpServer() as HttpServer;
  const server = new JstpServer({ transport: 'ws', server: http, path: '/jstp' });
  app.connectMicroservice({ strategy: server });
  atEnd(() => within(app.close(), 'the end of the application'));
  await within(app.startAllMicroservices(), 'the microservices');
  configure(http);
  await app.listen(0, LOOPBACK);
  return { app, server, port: (http.address() as AddressInfo).port };
}

async function dial(port: number, path = '/jstp'): Promise<Connection> {
  const client = { reconnector: (): undefined => undefined };
  const connection = await within(
    ws.connect('jstp', client, `ws://${LOOPBACK}:${String(port)}${path}`),
    'a connection',
  );
  connection.on('error', () => undefined);
  atEnd(() => connection.close());
  return connection;
}

/** A client of another WebSocket service on the same port: its first message back. */
async function echoOf(port: number, path: string): Promise<string> {
  const client = new WebSocket(`ws://${LOOPBACK}:${String(port)}${path}`);
  atEnd(() => client.terminate());
  const answer = new Promise<string>((resolve, reject) => {
    client.on('message', (data: Buffer) => resolve(data.toString()));
    client.on('error', reject);
  });
  client.on('open', () => client.send('hello'));
  return within(answer, 'an echo');
}

function echo(server: WebSocketServer): void {
  server.on('connection', (client) => client.on('message', (data: Buffer) => client.send(data.toString())));
}

/** How @nestjs/platform-ws takes upgrades: every path that is none of its gateways' is destroyed. */
function likePlatformWs(http: HttpServer): void {
  const gateway = new WebSocketServer({ noServer: true });
  echo(gateway);
  http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (request.url === '/gateway') {
      gateway.handleUpgrade(request, socket, head, (client) => gateway.emit('connection', client, request));
    } else socket.destroy();
  });
}

/** How `ws` itself does: it answers 400 and ends. */
function plainWs(http: HttpServer): void {
  echo(new WebSocketServer({ server: http, path: '/gateway' }));
}

describe('JSTP on the port of a hybrid application', () => {
  test('shares it with the pages', async () => {
    const { port } = await start();
    const connection = await dial(port);
    expect(await connection.callMethod('sums', 'one', [null])).toBe(1);
    const page = await fetch(`http://${LOOPBACK}:${String(port)}/page`);
    expect(await page.text()).toBe('a page');
    expect((await fetch(`http://${LOOPBACK}:${String(port)}/jstp`)).status).toBe(404);
  });

  test.each([
    ['@nestjs/platform-ws', likePlatformWs],
    ['a plain server of ws', plainWs],
  ])('lives beside %s, whoever is first', async (_name, others) => {
    const after = await start(others);
    expect(await (await dial(after.port)).callMethod('sums', 'one', [null])).toBe(1);
    expect(await echoOf(after.port, '/gateway')).toBe('hello');
    const app = await NestFactory.create(moduleOf({ controllers: [PageController] }), QUIET);
    const http = app.getHttpServer() as HttpServer;
    others(http);
    app.connectMicroservice({ strategy: new JstpServer({ transport: 'ws', server: http, path: '/jstp' }) });
    atEnd(() => within(app.close(), 'the end of the application'));
    await app.startAllMicroservices();
    await app.listen(0, LOOPBACK);
    const { port } = http.address() as AddressInfo;
    expect(await (await dial(port)).callMethod('sums', 'one', [null])).toBe(1);
    expect(await echoOf(port, '/gateway')).toBe('hello');
  });

  test('answers an upgrade of a path that nobody serves', async () => {
    const { port } = await start();
    await expect(dial(port, '/nothing')).rejects.toThrow('404');
  });

  test('two servers on two paths do not meet; a path that is served already is an error', async () => {
    const { app, port, server } = await start();
    const http = app.getHttpServer() as HttpServer;
    const listen = (path: string): Promise<unknown> => {
      const other = new JstpServer({ transport: 'ws', server: http, path });
      atEnd(() => other.close());
      return within(new Promise((resolve) => other.listen(resolve)), 'a start');
    };
    expect(await listen('/jstp')).toMatchObject({ code: 'EADDRINUSE' });
    expect(await listen('/other')).toBeUndefined();
    await dial(port, '/other');
    expect([...server.getClients()]).toHaveLength(0);
    await dial(port);
    expect([...server.getClients()]).toHaveLength(1);
  });

  test('ends with the application, clients and all, and leaves the server as it was', async () => {
    const before = countHandles();
    const { app, port, server } = await start();
    const http = app.getHttpServer() as HttpServer;
    const connection = await dial(port);
    await within(app.close(), 'the end of the application');
    await waitFor(() => connection.getTransport() === undefined, 'the end of the line');
    expect([...server.getClients()]).toHaveLength(0);
    expect(Object.hasOwn(http, 'emit')).toBe(false);
    expect(http.listenerCount('upgrade')).toBe(0);
    await expectNoNewHandles(before);
  });

  test('ends alone, and the pages stay', async () => {
    const { port, server } = await start();
    const connection = await dial(port);
    await within(server.close(), 'the end of JSTP');
    expect(connection.getTransport()).toBeUndefined();
    expect((await fetch(`http://${LOOPBACK}:${String(port)}/page`)).status).toBe(200);
    await expect(dial(port)).rejects.toBeDefined();
  });
});
