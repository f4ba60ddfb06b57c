import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { ERR_CALLBACK_LOST, JstpClient, JstpContext, JstpServer, type Connection } from '../../lib/index.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { moduleOf, QUIET } from '../support/nest-app.js';

@Controller()
class SumsController {
  @MessagePattern('sums.add')
  add(@Payload() numbers: number[]): number {
    return numbers.reduce((a, b) => a + b, 0);
  }

  @MessagePattern('sums.remember')
  remember(@Payload() value: number, @Ctx() context: JstpContext): number {
    context.getSession()?.set('value', value);
    return value;
  }

  @MessagePattern('sums.recall')
  recall(@Ctx() context: JstpContext): unknown {
    return context.getSession()?.get('value');
  }

  @MessagePattern('sums.never')
  never(): Promise<never> {
    return new Promise(() => undefined);
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a Nest service and its client talk, are cut, come back and give up, all by fake timers', async () => {
  const transport = createMemoryEntry();
  const app = await NestFactory.createMicroservice(moduleOf({ controllers: [SumsController] }), {
    ...QUIET,
    strategy: new JstpServer({ transport, port: 5 }),
  });
  await app.listen();
  const client = new JstpClient({
    transport,
    port: 5,
    resumeTimeoutMs: 1000,
    reconnect: { minDelayMs: 500 },
  });
  const call = (pattern: string, data: unknown): Promise<unknown> =>
    firstValueFrom(client.send(pattern, data));

  expect(await call('sums.add', [1, 2, 3])).toBe(6);
  await call('sums.remember', 7);
  cutLine(client.unwrap<Connection>());
  await jest.advanceTimersByTimeAsync(0);
  expect(await call('sums.recall', 0)).toBe(7);

  const lost = expect(call('sums.never', 0)).rejects.toMatchObject({ code: ERR_CALLBACK_LOST });
  await jest.advanceTimersByTimeAsync(0);
  const closed = app.close();
  // The call has 10 seconds to end, and its handler 5 more.
  await jest.advanceTimersByTimeAsync(15_000);
  await closed;
  await lost;
  await client.close();
});

test.each([
  ['every 15 seconds where nothing is said', {}, 4],
  ['not at all where it is 0', { heartbeatInterval: 0 }, 0],
])('a server and its client ask for a sign of life %s', async (_what, options, count) => {
  const transport = createMemoryEntry();
  const strategy = new JstpServer({ transport, port: 6, ...options });
  const app = await NestFactory.createMicroservice(moduleOf({ controllers: [SumsController] }), {
    ...QUIET,
    strategy,
  });
  await app.listen();
  const client = new JstpClient({ transport, port: 6, ...options });
  await client.connect();
  const kinds: string[] = [];
  client
    .unwrap<Connection>()
    .on('incomingMessage', (message) => kinds.push(...Object.keys(message as object)));
  await jest.advanceTimersByTimeAsync(14_000);
  expect(kinds).toEqual([]);
  await jest.advanceTimersByTimeAsync(17_000);
  // Two of the server's pings, and two pongs.
  expect(kinds).toHaveLength(count);
  await client.close();
  await app.close();
});
