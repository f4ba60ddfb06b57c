import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { WebSocket } from 'ws';
import { createClient, type PageClient } from '../../../lib/browser.js';
import { JstpContext, JstpHandshake, JstpInterface } from '../../../lib/index.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { startService } from './fixture.js';

const closing = new Closing();
afterEach(() => closing.run());
beforeEach(() => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  Object.defineProperty(globalThis, 'WebSocket', { value: WebSocket, configurable: true, writable: true });
  closing.add(() => {
    if (before) Object.defineProperty(globalThis, 'WebSocket', before);
    else Reflect.deleteProperty(globalThis, 'WebSocket');
  });
});

@JstpInterface('rooms')
@Controller()
class RoomsController {
  @JstpHandshake('token')
  logIn(@Payload() token: string): string {
    if (token !== 'good') throw new RpcException('no');
    return 'alice';
  }

  @MessagePattern('join')
  join(@Payload() room: string, @Ctx() context: JstpContext): unknown {
    context.getClient().emit('rooms', 'joined', room, context.getUsername());
    return { room, size: Buffer.from([1, 2]) };
  }

  @MessagePattern('history')
  history(@Payload() count: number): Observable<number> {
    return from(Array.from({ length: count }, (_, index) => index));
  }

  @MessagePattern('refuse')
  refuse(): void {
    throw new RpcException({ status: 'error', message: 'Too full', most: 3 });
  }
}

test('a page’s client talks with a Nest server: logins, results, bytes, streams, events and what handlers throw', async () => {
  const service = await startService({
    controllers: [RoomsController],
    options: { transport: 'ws', application: 'chat@1.0.0' },
  });
  const client: PageClient = createClient({
    url: `ws://${LOOPBACK}:${service.port}`,
    app: 'chat@^1.0.0',
    login: () => ({ strategy: 'token', credentials: 'good' }),
  });
  closing.add(() => client.close());
  const joined = client.fromEvent('rooms', 'joined');
  const rooms = client.proxy<{ join(room: string): { room: string; size: Uint8Array }; refuse(): void }>(
    'rooms',
  );
  const { room, size } = await within(rooms.join('kitchen'), 'the result');
  expect([room, [...size]]).toEqual(['kitchen', [1, 2]]);
  expect((await joined.next()).value).toEqual(['kitchen', 'alice']);
  const numbers: number[] = [];
  for await (const value of client.stream<number>('rooms', 'history', 100)) numbers.push(value);
  expect(numbers).toHaveLength(100);
  expect(await client.call('rooms', 'history', 3)).toBe(2);
  await expect(rooms.refuse()).rejects.toMatchObject({
    message: 'Too full',
    info: [{ status: 'error', message: 'Too full', most: 3 }],
  });
});

test('a page’s client goes to the next server when its own is about to end', async () => {
  const setup = {
    controllers: [RoomsController],
    options: { transport: 'ws', application: 'chat' },
  } as const;
  const first = await startService({ ...setup, controllers: [RoomsController] });
  const { port } = first;
  const client = createClient({
    url: `ws://${LOOPBACK}:${port}`,
    app: 'chat',
    login: { strategy: 'token', credentials: 'good' },
  });
  closing.add(() => client.close());
  client.on('error', () => undefined);
  await client.connect();
  await first.server.close();
  const waiting = client.call('rooms', 'history', 3);
  await waitFor(() => client.status !== 'connected', 'the end of the first server');
  await startService({
    controllers: [RoomsController],
    options: { transport: 'ws', application: 'chat', port },
  });
  expect(await within(waiting, 'the answer of the next server')).toBe(2);
});
