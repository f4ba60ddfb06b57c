import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { InjectJstp, JstpApplication, JstpClient, JstpInterface, RemoteError } from 'nestjs-jstp';
import { firstValueFrom } from 'rxjs';

const SLOWEST_MS = 60;

/** Takes orders. It calls the stock of the same server, so that there is something to trace. */
@JstpApplication('shop@1.0.0')
@JstpInterface('orders')
@Controller()
export class OrdersController {
  constructor(@InjectJstp('shop') private readonly shop: JstpClient) {}

  @MessagePattern('place')
  async place(@Payload() article: string): Promise<{ article: string; left: number }> {
    const left = await firstValueFrom(this.shop.send<number, string>('stock.take', article)).catch(
      (error: unknown) => {
        // What the stock has answered is no secret.
        throw new RpcException(error as RemoteError);
      },
    );
    this.shop.emit('stock.taken', article);
    return { article, left };
  }
}

@JstpApplication('shop@1.0.0')
@JstpInterface('stock')
@Controller()
export class StockController {
  private readonly amounts = new Map([
    ['tea', 1200],
    ['coffee', 3],
  ]);

  /** Takes a while, more or less, and fails when there is nothing left: see both in the explorer. */
  @MessagePattern('take')
  async take(@Payload() article: string): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() ** 3 * SLOWEST_MS));
    const left = (this.amounts.get(article) ?? 0) - 1;
    if (left < 0) throw new RpcException(new RemoteError(1404, `There is no ${article} left`));
    this.amounts.set(article, left);
    return left;
  }

  @EventPattern('taken')
  taken(@Payload() _article: string): void {
    // A real stock would order more.
  }
}
