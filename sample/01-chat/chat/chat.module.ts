import { Module } from '@nestjs/common';
import { JstpModule } from 'nestjs-jstp';
import { LobbyController } from './lobby.controller.js';
import { LoginGuard } from './login.guard.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsService } from './rooms.service.js';
import { RoomsV1Controller } from './rooms-v1.controller.js';
import { ports } from '../ports.js';

@Module({
  imports: [
    JstpModule.forRoot({
      transport: 'net',
      host: '127.0.0.1',
      port: ports.chat,
      authPolicy: LoginGuard,
      heartbeatInterval: 10_000,
    }),
  ],
  controllers: [LobbyController, RoomsController, RoomsV1Controller],
  providers: [RoomsService, LoginGuard],
})
export class ChatModule {}
