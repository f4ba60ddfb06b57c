import '../tracing.js';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectJstp, JstpClient, JstpClientModule } from 'nestjs-jstp';
import type { Observable } from 'rxjs';
import { calledPort, tellReady } from '../process-settings.js';

@Controller('orders')
class GatewayController {
  constructor(@InjectJstp('orders') private readonly orders: JstpClient) {}

  @Post(':article')
  place(@Param('article') article: string): Observable<unknown> {
    return this.orders.send('orders.place', article);
  }
}

@Module({
  imports: [
    JstpClientModule.register({
      name: 'orders',
      app: 'orders@^1.0.0',
      host: '127.0.0.1',
      port: calledPort,
    }),
  ],
  controllers: [GatewayController],
})
class GatewayModule {}

const app = await NestFactory.create(GatewayModule, { logger: ['warn', 'error'] });
await app.listen(0, '127.0.0.1');
tellReady(((app.getHttpServer() as Server).address() as AddressInfo).port);
process.once('disconnect', () => void app.close());
