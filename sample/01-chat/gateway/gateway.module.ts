import { Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { JstpClient, type JstpClientOptions } from 'nestjs-jstp';
import { ports } from '../ports.js';
import { GatewayController } from './gateway.controller.js';

const options: JstpClientOptions = {
  app: 'chat@^2.0.0',
  host: '127.0.0.1',
  port: ports.chat,
  login: 'gateway',
  password: 'internal',
};

@Module({
  imports: [ClientsModule.register([{ name: 'CHAT', customClass: JstpClient, options }])],
  controllers: [GatewayController],
})
export class GatewayModule {}
