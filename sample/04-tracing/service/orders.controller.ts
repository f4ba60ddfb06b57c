import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { InjectJstp, JstpApplication, JstpClient, JstpInterface } from 'nestjs-jstp';
import { firstValueFrom } from 'rxjs';

@JstpApplication('orders@1.0.0')
@JstpInterface('orders')
@Controller()
export class OrdersController {
  constructor(@InjectJstp('stock') private readonly stock: JstpClient) {}

  @MessagePattern('place')
  async place(@Payload() article: string): Promise<{ article: string; left: number }> {
    const left = await firstValueFrom(this.stock.send<number, string>('stock.take', article));
    this.stock.emit('stock.taken', article);
    return { article, left };
  }
}
