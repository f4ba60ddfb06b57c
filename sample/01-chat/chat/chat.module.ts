import { Module } from '@nestjs/common';
import { JstpModule, type AccessLogOptions } from 'nestjs-jstp';
import { LoginGuard } from './login.guard.js';
import { RoomsModule } from './rooms.module.js';
import { ports } from '../ports.js';

/** `npm start -- --access-log` shows each call and event as a line of JSON. */
const accessLog: AccessLogOptions = { log: (record) => console.log(JSON.stringify(record)) };

@Module({
  imports: [
    RoomsModule,
    JstpModule.forRoot({
      transport: 'net',
      host: '127.0.0.1',
      port: ports.chat,
      authPolicy: LoginGuard,
      heartbeatInterval: 10_000,
      validationErrors: 'issues', // who calls is told what is wrong
      accessLog: process.argv.includes('--access-log') && accessLog,
    }),
  ],
})
export class ChatModule {}
