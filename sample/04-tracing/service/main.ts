import '../tracing.js';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JstpClientModule, JstpServer } from 'nestjs-jstp';
import { calledPort, serviceName, tellReady } from '../process-settings.js';
import { OrdersController } from './orders.controller.js';
import { StockController } from './stock.controller.js';

@Module({
  imports: [
    JstpClientModule.register({
      name: 'stock',
      app: 'stock@^1.0.0',
      host: '127.0.0.1',
      port: calledPort,
    }),
  ],
  controllers: [OrdersController],
})
class OrdersModule {}

@Module({ controllers: [StockController] })
class StockModule {}

const server = new JstpServer({ host: '127.0.0.1', port: 0 });
const app = await NestFactory.createMicroservice(serviceName === 'orders' ? OrdersModule : StockModule, {
  strategy: server,
  logger: ['warn', 'error'],
});
await app.listen();
const { port } = server.unwrap<{ address: () => { port: number } }>().address();
tellReady(port);
process.once('disconnect', () => void app.close());
