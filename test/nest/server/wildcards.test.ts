import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, UseFilters, UseGuards, type CanActivate, type RpcExceptionFilter } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { EMPTY, type Observable } from 'rxjs';
import { observe } from '../../../lib/connection/observing/observe.js';
import type { ReceiveOperation } from '../../../lib/connection/observing/operations.js';
import {
  Application,
  JstpApplication,
  JstpClient,
  JstpContext,
  JstpInterface,
  type Connection,
  type JstpServer,
} from '../../../lib/index.js';
import { describeEvent } from '../../../lib/opentelemetry/attributes.js';
import { EventTokens, Wildcard } from '../../../lib/nest/wildcard.js';
import { targetOf } from '../../../lib/nest/target.js';
import { LOOPBACK } from '../../support/ports.js';
import { atEnd, KeptLog, startError, startService, type ServiceSetup } from './fixture.js';

const handled: unknown[] = [];

afterEach(() => {
  handled.length = 0;
});

class NoGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

class Silent implements RpcExceptionFilter {
  catch(): Observable<never> {
    handled.push('filtered');
    return EMPTY;
  }
}

function note(name: string, context: JstpContext, data?: unknown): void {
  handled.push([name, context.getPattern(), `${context.getInterface()}/${context.getMethod()}`, data]);
}

@Controller()
class OrdersController {
  @EventPattern<string>('orders.*')
  one(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    note('one', context, data);
  }

  @EventPattern<string>('orders.>')
  @UseFilters(new Silent())
  all(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    note('all', context, data);
    if (data === 'bad') throw new RpcException('bad');
  }

  @EventPattern<string>('orders.created')
  created(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    note('created', context, data);
  }

  @EventPattern<string>('orders.*')
  @UseGuards(NoGuard)
  @UseFilters(new Silent())
  guarded(): void {
    handled.push('never');
  }

  @MessagePattern('orders.pay')
  pay(@Payload() data: unknown, @Ctx() context: JstpContext): string {
    note('pay', context, data);
    return 'paid';
  }

  /** A pattern of calls has no wildcards. */
  @MessagePattern('bills.*')
  bill(): string {
    return 'of that very name';
  }

  @EventPattern<string>('sensors/+/temperature')
  temperature(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    note('temperature', context, data);
  }
}

@JstpApplication('shop@1.0.0')
@JstpInterface('stock')
@Controller()
class StockController {
  @EventPattern<string>('*')
  any(@Payload() data: unknown, @Ctx() context: JstpContext): void {
    note('stock', context, data);
  }
}

async function start(
  setup: ServiceSetup = {},
): Promise<{ server: JstpServer; connection: Connection; log: KeptLog }> {
  const log = new KeptLog();
  const service = await startService({ controllers: [OrdersController], logger: log, ...setup });
  return { server: service.server, connection: await service.connect(), log };
}

/** Emits by Nest's patterns. */
async function emit(connection: Connection, ...events: [pattern: string, data: unknown][]): Promise<void> {
  for (const [pattern, data] of events) {
    const { interfaceName, name } = targetOf(pattern, String);
    connection.emitRemoteEvent(interfaceName, name, [data]);
  }
  await connection.ping();
}

/** What has run. Handlers run side by side: their order is not told. */
const names = (): string[] =>
  handled.map((entry) => String(Array.isArray(entry) ? (entry as unknown[])[0] : entry)).sort();

describe('event patterns with wildcards', () => {
  test('get the events that they stand for, with the real names and the pattern in the context', async () => {
    const { connection } = await start();
    await emit(connection, ['orders.shipped', 1]);
    expect(names()).toEqual(['all', 'filtered', 'one']);
    expect(handled).toEqual(
      expect.arrayContaining([
        ['one', 'orders.*', 'orders/shipped', 1],
        ['all', 'orders.>', 'orders/shipped', 1],
      ]),
    );
    handled.length = 0;
    await emit(connection, ['orders.eu.shipped', 2]);
    expect(handled).toEqual([['all', 'orders.>', 'orders.eu/shipped', 2]]);
    handled.length = 0;
    await emit(connection, ['sensors/kitchen/temperature', 3], ['sensors/v1.2/temperature', 4]);
    expect(handled).toEqual([
      ['temperature', 'sensors/+/temperature', 'default/sensors/kitchen/temperature', 3],
      ['temperature', 'sensors/+/temperature', 'sensors/v1/2/temperature', 4],
    ]);
  });

  test('run beside the handlers of the exact name, each with guards and filters of its own', async () => {
    const { connection, log } = await start();
    await emit(connection, ['orders.created', 'bad']);
    expect(names()).toEqual(['all', 'created', 'filtered', 'filtered', 'one']);
    handled.length = 0;
    await emit(connection, ['orders.pay', 1]);
    expect(names()).toEqual(['all', 'filtered', 'one', 'pay']);
    expect(log.errors).toEqual([]);
  });

  test('get no calls, and calls have no wildcards', async () => {
    const { connection } = await start();
    expect(await connection.callMethod('orders', 'pay', [1])).toBe('paid');
    await expect(connection.callMethod('orders', 'shipped', [])).rejects.toMatchObject({ code: 14 });
    await expect(connection.callMethod('orders', '*', [])).rejects.toMatchObject({ code: 14 });
    await expect(connection.callMethod('bills', 'sum', [])).rejects.toMatchObject({ code: 14 });
    expect(await connection.callMethod('bills', '*', [])).toBe('of that very name');
    expect(names()).toEqual(['pay']);
    expect(await connection.inspectInterface('orders').then((proxy) => Object.keys(proxy))).not.toContain(
      '*',
    );
  });

  test('of a controller with an interface stand for names in that interface, of its application', async () => {
    const service = await startService({ controllers: [OrdersController, StockController] });
    const connection = await service.connect('shop');
    await emit(connection, ['stock.empty', 1], ['stock.eu.empty', 2], ['orders.created', 3]);
    connection.emitRemoteEvent('stock', 'a.b', [4]);
    await connection.ping();
    expect(handled).toEqual([['stock', 'stock.*', 'stock/empty', 1]]);
  });

  test('come to a client of Nest by emit, and an event that none stands for is told', async () => {
    const { server, log } = await start();
    const { port } = server.unwrap<{ address(): { port: number } }>().address();
    const client = new JstpClient({ host: LOOPBACK, port });
    atEnd(() => client.close());
    client.emit('orders.x', 1).subscribe();
    client.emit('bills', 2).subscribe();
    await (await client.connect()).ping();
    expect(names()).toEqual(['all', 'filtered', 'one']);
    expect(log.errors).toEqual([expect.stringContaining('no matching event handler')]);
  });

  test('are logged, and beside a core application that handles the event itself', async () => {
    const events = { orders: { shipped: () => handled.push('core') } };
    const applications = [new Application<Connection>('jstp@1.0.0', {}, events)];
    const { connection, log } = await start({ options: { applications } });
    await emit(connection, ['orders.shipped', 1], ['bills.sent', 2]);
    expect(names()).toEqual(['all', 'core', 'filtered', 'one']);
    expect(log.lines.join()).toContain('events with wildcards: orders.*, orders.>, sensors/+/temperature');
  });

  test('count what they get under their own names, however many names a peer makes up', async () => {
    const { connection, server } = await start({ options: { metrics: true } });
    const spans = new Set<string>();
    atEnd(
      observe({
        interestIn: (kind) => kind === 'handle',
        begin: (operation) => {
          spans.add(describeEvent(operation as ReceiveOperation).name);
          return undefined;
        },
      }),
    );
    for (let n = 0; n < 300; n += 1) connection.emitRemoteEvent('orders', `name ${n}`, []);
    await emit(connection, ['orders.created', 1], ['orders.eu.x', 1], ['made.up', 1]);
    const { handled: counted } = server.getMetrics();
    expect(counted.map((one) => `${one.interface}.${one.method} ${one.count}`)).toEqual([
      'orders.* 300',
      'orders.created 1',
      'orders.> 1',
      '_OTHER._OTHER 1',
    ]);
    expect([...spans]).toEqual([
      'handle orders/*',
      'handle orders/created',
      'handle orders/>',
      'handle jstp',
    ]);
  });

  test('with a > that is not the last part are an error at the start', async () => {
    @Controller()
    class WrongController {
      @EventPattern<string>('orders.>.created')
      wrong(): void {
        handled.push('never');
      }
    }
    expect((await startError({ controllers: [WrongController] })).message).toContain(
      "@EventPattern must be a pattern with '>' as its last part alone",
    );
  });
});

describe('the wildcard', () => {
  const matches = (pattern: string, event: string): boolean | undefined =>
    Wildcard.of(pattern, undefined)?.matches(new EventTokens(targetOf(event, String)));

  test.each([
    ['orders.*', ['orders.a'], ['orders', 'orders.a.b', 'order.a', 'orders.', 'ordersXa']],
    ['*.created', ['orders.created'], ['created', 'a.b.created', '.created']],
    ['*', ['created', 'default'], ['orders.created', '']],
    ['>', ['created', 'orders.created', 'a.b.c.d'], ['', 'a..b', 'a.']],
    ['a.*.c.>', ['a.b.c.d', 'a.b.c.d.e'], ['a.b.c', 'a.c.d', 'a.b.x.d']],
    ['sensors/+/t', ['sensors/a/t', 'sensors//t', 'sensors/a.b/t'], ['sensors/a/b/t', 'sensors/t']],
    ['sensors/#', ['sensors', 'sensors/a', 'sensors/a/b', 'sensors/'], ['sensor', 'sensorsX/a']],
  ])('%s', (pattern, good, bad) => {
    expect(good.filter((event) => matches(pattern, event) !== true)).toEqual([]);
    expect(bad.filter((event) => matches(pattern, event) !== false)).toEqual([]);
  });

  test.each([
    ['orders.created'],
    ['orders.cr*'],
    ['+'],
    ['#'],
    ['a.#'],
    ['orders.>x'],
    ['a/b'],
    [7],
    [{ cmd: '*' }],
  ])('%j has none', (pattern) => {
    expect(Wildcard.of(pattern, undefined)).toBeUndefined();
  });

  test('compares each token of a long name once', () => {
    let compared = 0;
    const event = new EventTokens({ interfaceName: 'a.'.repeat(127) + 'a', name: 'a.'.repeat(127) + 'a' });
    const tokens = event.of('.', undefined) as string[];
    expect(tokens).toHaveLength(256);
    const proxied = new Proxy(tokens, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) compared += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
    const seen = { of: () => proxied } as unknown as EventTokens;
    expect(Wildcard.of(`${'*.'.repeat(255)}b`, undefined)?.matches(seen)).toBe(false);
    expect(compared).toBeLessThanOrEqual(2 * tokens.length);
  });
});
