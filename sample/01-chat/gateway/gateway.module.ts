import { Module } from '@nestjs/common';
import { JstpClientModule } from 'nestjs-jstp';
import { ports } from '../ports.js';
import { GatewayController } from './gateway.controller.js';
import { Readers } from './readers.js';
import { RoomNews } from './room-news.js';

@Module({
  imports: [
    JstpClientModule.register({
      name: 'chat',
      app: 'chat@^2.0.0',
      host: '127.0.0.1',
      port: ports.chat,
      login: 'gateway',
      password: 'internal',
      timeout: 5_000, // no HTTP request waits longer for the chat
      methods: { 'lobby.*': { idempotent: true }, 'rooms.history': { idempotent: true } },
      retry: true, // of these, which change nothing
      connectOnInit: true, // it hears of rooms from the start
    }),
  ],
  controllers: [GatewayController],
  providers: [Readers, RoomNews],
})
export class GatewayModule {}
