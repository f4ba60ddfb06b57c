import { Module } from '@nestjs/common';
import { JstpModule } from 'nestjs-jstp';
import { LoginGuard } from './login.guard.js';
import { RoomsModule } from './rooms.module.js';
import { ports } from '../ports.js';

@Module({
  imports: [
    RoomsModule,
    JstpModule.forRoot({
      transport: 'net',
      host: '127.0.0.1',
      port: ports.chat,
      authPolicy: LoginGuard,
      heartbeatInterval: 10_000,
    }),
  ],
})
export class ChatModule {}
