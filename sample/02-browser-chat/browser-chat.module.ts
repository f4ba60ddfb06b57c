import { Module } from '@nestjs/common';
import { JstpModule } from 'nestjs-jstp';
import { LoginGuard } from '../01-chat/chat/login.guard.js';
import { RoomsModule } from '../01-chat/chat/rooms.module.js';

const SESSION_LIFETIME_MS = 10 * 60 * 1000;

/** The rooms of the first sample, by WebSocket, on the port of the application. */
@Module({
  imports: [
    RoomsModule,
    JstpModule.forRoot({
      listeners: [{ transport: 'ws', server: 'http', path: '/jstp' }],
      authPolicy: LoginGuard,
      heartbeatInterval: 10_000,
      clientExpirationTime: SESSION_LIFETIME_MS,
    }),
  ],
})
export class BrowserChatModule {}
