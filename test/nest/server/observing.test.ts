import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { EventPattern, MessagePattern, RpcException } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import { Arg, JstpApplication, JstpInterface } from '../../../lib/index.js';
import { Closing } from '../../support/closing.js';
import { recordOperations, shortOf } from '../../support/operations.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService } from './fixture.js';

const closing = new Closing();
afterEach(() => closing.run());

@JstpApplication('shop@1.0.0')
@JstpInterface('orders')
@Controller()
class OrdersController {
  @MessagePattern('count')
  count(): number {
    return 2;
  }

  @MessagePattern('stream')
  stream(): Observable<number> {
    return from([1, 2, 3]);
  }

  @MessagePattern('one')
  one(@Arg(0) id: number): number {
    return id;
  }

  @MessagePattern('broken')
  broken(): void {
    throw new Error('secret');
  }

  @MessagePattern('refused')
  refused(): void {
    throw new RpcException({ code: 77, message: 'sold out' });
  }

  @UseGuards({ canActivate: () => false })
  @MessagePattern('guarded')
  guarded(): void {
    throw new Error('not reached');
  }

  @EventPattern<string>('placed')
  placed(): void {
    // Nothing to do.
  }

  @EventPattern<string>('lost')
  lost(): void {
    throw new Error('secret');
  }

  @EventPattern<string>('given')
  given(@Arg(0) id: number): number {
    return id;
  }
}

async function connected() {
  const service = await startService({ controllers: [OrdersController], logger: new KeptLog() });
  return service.connect('shop');
}

describe('a call of a Nest handler is observed with the code that its caller gets', () => {
  test.each([
    ['count', [], 0, true],
    ['stream', [], 0, true],
    ['one', [], 17, true],
    ['one', [1], 0, true],
    ['broken', [], 16, true],
    ['refused', [], 77, true],
    ['guarded', [], 1, true],
    ['unknown', [], 14, false],
  ])('%s(%j): %j', async (name, args, code, isDeclared) => {
    const connection = await connected();
    const { ended } = recordOperations(closing);
    await connection.callMethod('orders', name, args).catch(() => undefined);
    expect(ended.map(shortOf)).toEqual([
      { kind: 'serve', name: `orders.${name}`, code },
      { kind: 'call', name: `orders.${name}`, code },
    ]);
    expect(ended[0]).toMatchObject({ isDeclared, application: 'shop' });
  });
});

describe('an event of a Nest handler is observed up to the end of its handlers', () => {
  test.each([
    ['placed', [], 0, true],
    ['lost', [], 16, true],
    ['given', [], 17, true],
    ['unknown', [], 14, false],
  ])('%s(%j): %j', async (name, args, code, isDeclared) => {
    const connection = await connected();
    const { ended } = recordOperations(closing);
    connection.emitRemoteEvent('orders', name, args);
    await waitFor(() => ended.length === 2, 'two ends');
    expect(ended.map(shortOf)[1]).toEqual({ kind: 'handle', name: `orders.${name}`, code });
    expect(ended[1]).toMatchObject({ isDeclared });
  });
});
