import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { JstpApplication, JstpInterface } from 'nestjs-jstp';

@JstpApplication('stock@1.0.0')
@JstpInterface('stock')
@Controller()
export class StockController {
  private readonly amounts = new Map([['tea', 12]]);
  private readonly log: string[] = [];

  @MessagePattern('take')
  take(@Payload() article: string): number {
    const left = (this.amounts.get(article) ?? 0) - 1;
    this.amounts.set(article, left);
    return left;
  }

  @EventPattern<string>('taken')
  taken(@Payload() article: string): void {
    this.log.push(article);
  }
}
