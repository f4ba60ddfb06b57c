import { Module } from '@nestjs/common';
import { JstpModule, type AccessLogOptions } from 'nestjs-jstp';
import { JstpExplorerModule } from 'nestjs-jstp/explorer';
import { AdminGuard } from './admin.guard.js';
import { LoginGuard } from './login.guard.js';
import { RoomsModule } from './rooms.module.js';
import { ports } from '../ports.js';

/** `npm start -- --access-log` shows each call and event as a line of JSON. */
const accessLog: AccessLogOptions = { log: (record) => console.log(JSON.stringify(record)) };

const explorerOrigins = ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${ports.explorer}`);

@Module({
  imports: [
    RoomsModule,
    JstpModule.forRoot({
      listeners: [
        { transport: 'net', host: '127.0.0.1', port: ports.chat },
        // For the explorer's page alone, on the port of the application's HTTP server.
        { transport: 'ws', server: 'http', path: '/jstp', allowedOrigins: explorerOrigins },
      ],
      authPolicy: LoginGuard,
      heartbeatInterval: 10_000,
      validationErrors: 'issues', // who calls is told what is wrong
      reflection: true,
      administration: { guard: AdminGuard },
      accessLog: process.argv.includes('--access-log') && accessLog,
    }),
    JstpExplorerModule.forRoot({ path: '/jstp-explorer', title: 'Chat' }),
  ],
})
export class ChatModule {}
