import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { Server as SocketServer } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { JstpClient, JstpServer } from '../../../lib/index.js';
import { Closing } from '../../support/closing.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { within } from '../../support/wait-for.js';
import { shown } from './shown.js';

const HOST = '127.0.0.1';
const closing = new Closing();
afterAll(() => closing.run());

/** Sends a value there, and shows what has arrived, or the error. */
type Way = (value: unknown) => Promise<string>;

let arrived: unknown;

@Controller()
class Taker {
  @MessagePattern('take')
  take(@Payload() value: unknown): string {
    arrived = value;
    return 'done';
  }
}

interface Listening {
  unwrap<T>(): T;
}

async function serve(options: object): Promise<number> {
  const app = await NestFactory.createMicroservice(moduleOf({ controllers: [Taker] }), {
    ...QUIET,
    ...options,
  });
  closing.add(() => app.close());
  await within(app.listen() as Promise<unknown>, 'a server');
  const { strategy } = options as { strategy?: Listening };
  const server = (strategy ?? app).unwrap<{ address(): { port: number } }>();
  return server.address().port;
}

function wayOf(client: Pick<ClientProxy, 'send' | 'close'>): Way {
  closing.add(() => client.close());
  return async (value) => {
    arrived = 'nothing';
    try {
      await within(firstValueFrom(client.send<unknown, unknown>('take', value)), 'an answer');
      return shown(arrived);
    } catch (error) {
      return `an error: ${(error as { code?: string }).code ?? (error as Error).name}`;
    }
  };
}

async function overJstp(types: 'plain' | 'extended'): Promise<Way> {
  const port = await serve({ strategy: new JstpServer({ host: HOST, port: 0, types }) });
  return wayOf(new JstpClient({ host: HOST, port, types }));
}

async function overTcp(): Promise<Way> {
  const port = await serve({ transport: Transport.TCP, options: { host: HOST, port: 0 } });
  return wayOf(ClientProxyFactory.create({ transport: Transport.TCP, options: { host: HOST, port } }));
}

async function overSocketIo(): Promise<Way> {
  const server = new SocketServer(0, { transports: ['websocket'], serveClient: false });
  closing.add(() => server.close());
  server.on('connection', (socket) =>
    socket.on('take', (value: unknown, answer: (text: string) => void) => {
      answer(shown(value));
    }),
  );
  const { port } = server.httpServer.address() as { port: number };
  const socket: Socket = io(`http://${HOST}:${String(port)}`, { transports: ['websocket'], forceNew: true });
  closing.add(() => void socket.close());
  return async (value) => {
    try {
      return (await within(socket.emitWithAck('take', value), 'an answer')) as string;
    } catch (error) {
      return `an error: ${(error as Error).name}`;
    }
  };
}

let ways: readonly Way[] = [];
beforeAll(async () => {
  ways = [await overJstp('plain'), await overJstp('extended'), await overTcp(), await overSocketIo()];
});

const rows = readFileSync('docs/guides/payload-types.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| `.*\|.*\|.*\|.*\|$/.test(line))
  .map((line) => line.slice(2, -2).split(' | '))
  .filter((cells) => cells.length === 5)
  .map((cells) => cells.map((cell) => cell.replaceAll('`', '').replaceAll('\\|', '|').trim()));

test('the page has the rows that are tried', () => {
  expect(rows.length).toBeGreaterThan(25);
});

/** What this Node does not have yet. */
const MISSING = ['Float16Array'].filter((name) => !(name in globalThis));
const isHere = ([code]: readonly string[]): boolean => !MISSING.some((name) => code.includes(name));

test.each(rows.filter(isHere))('%s arrives as the page says', async (...cells) => {
  const [code, ...expected] = cells;
  const found = [];
  for (const way of ways) found.push(await way(runInThisContext(`(${code})`)));
  expect(found).toEqual(expected);
});
