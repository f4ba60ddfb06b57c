import { Controller, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { z } from 'zod';
import { JstpExplorerModule } from '../../../lib/explorer/index.js';
import {
  Arg,
  JstpApplication,
  JstpContext,
  JstpDescription,
  JstpEmits,
  JstpHandshake,
  JstpInterface,
  JstpResult,
  JstpSource,
  RemoteError,
} from '../../../lib/index.js';
import { builtPage, SHARED, startExplorer } from '../../explorer/explorer-app.js';
import type { Closing } from '../../support/closing.js';
import { moduleOf } from '../../support/nest-app.js';

const orderSchema = z.object({
  customer: z.string().min(1).describe('Who buys'),
  items: z.array(z.object({ article: z.string(), count: z.int().min(1).max(99) })).min(1),
  shipping: z.enum(['post', 'courier']),
  payment: z.union([z.object({ kind: z.literal('card') }), z.null()]),
  note: z.string().optional(),
});

/** What hostile servers would like a page to show. */
export const MARKUP = '<img src=x onerror="document.title=`broken`">';

/** How many values the stream has made. */
export const numbersMade = { count: 0 };

@JstpApplication('shop@2.1.0')
@JstpInterface('orders')
@JstpDescription('What customers buy.')
@JstpEmits('changed', { description: 'An order has changed.', arguments: [{ name: 'text', type: String }] })
@Controller()
class OrdersController {
  @JstpHandshake('login')
  login(credentials: string[]): string {
    if (credentials[1] !== 'wonderland') throw new RpcException(new RemoteError(11));
    return credentials[0];
  }

  @MessagePattern('place')
  @JstpDescription({ description: `Places an order, and answers with it. ${MARKUP}` })
  place(
    @Arg(0, { name: 'order', schema: orderSchema }) order: z.infer<typeof orderSchema>,
    @Ctx() context: JstpContext,
  ): object {
    context.getClient().emit('orders', 'changed', `${order.customer} has bought ${MARKUP}`);
    return { number: 4711, order, receipt: Buffer.from('receipt') };
  }

  @MessagePattern('numbers')
  @JstpDescription('Numbers from one on, without an end.')
  @JstpResult(Number)
  async *numbers(): AsyncGenerator<number> {
    for (let number = 1; ; number++) {
      numbersMade.count = number;
      yield number;
    }
  }

  @MessagePattern('sum')
  @JstpDescription('Adds up numbers that come one by one.')
  async sum(@Arg(0, { name: 'numbers' }) numbers: JstpSource<number>): Promise<number> {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }

  @MessagePattern('fail')
  fail(): never {
    throw new RpcException(new RemoteError(1001, MARKUP, [{ rooms: 3 }]));
  }

  @EventPattern('seen')
  seen(@Payload() _who: string): void {}
}

@Injectable()
class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<JstpContext>().getUsername() === 'alice';
  }
}

/** Starts a shop with the explorer. @returns the address of the page */
export async function startShop(closing: Closing): Promise<string> {
  const { port } = await startExplorer(closing, {
    module: JstpExplorerModule.forRoot({ path: '/jstp-explorer' }),
    page: await builtPage(closing),
    server: { ...SHARED, reflection: true, administration: { guard: AdminGuard } },
    imports: [moduleOf({ controllers: [OrdersController] })],
    providers: [AdminGuard],
  });
  return `http://127.0.0.1:${port}/jstp-explorer`;
}
