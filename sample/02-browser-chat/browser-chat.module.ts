import { Module } from '@nestjs/common';
import { JstpModule } from 'nestjs-jstp';
import { RoomsModule } from '../01-chat/chat/rooms.module.js';
import { CookieGuard } from './cookie.guard.js';
import { LoginController } from './login.controller.js';
import { Logins } from './logins.js';

const SESSION_LIFETIME_MS = 10 * 60 * 1000;

/** The rooms of the first sample, by WebSocket, on the port of the application. */
@Module({
  imports: [
    RoomsModule,
    JstpModule.forRoot({
      listeners: [{ transport: 'ws', server: 'http', path: '/jstp' }],
      authPolicy: CookieGuard,
      authorizeResume: true, // a resume has to show its cookie, too
      heartbeatInterval: 10_000,
      clientExpirationTime: SESSION_LIFETIME_MS,
    }),
  ],
  controllers: [LoginController],
  providers: [CookieGuard, Logins],
})
export class BrowserChatModule {}
