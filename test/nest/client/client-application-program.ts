/**
 * An application with a client of JstpClientModule, as a process of its own: it calls once, serves its server, and waits for
 * SIGTERM.
 */
import 'reflect-metadata';
import { Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  InjectJstp,
  InjectJstpInterface,
  JstpClientModule,
  JstpExpose,
  JstpSubscribe,
  type JstpClient,
  type RemoteApi,
} from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';

interface Calc {
  add(a: number, b: number): number;
}

@Injectable()
class Desk implements OnApplicationBootstrap {
  constructor(
    @InjectJstp('calc') private readonly client: JstpClient,
    @InjectJstpInterface('calc', 'calc') private readonly calc: RemoteApi<Calc>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.client.on('close', () => process.send?.('closed'));
    process.send?.({ isConnected: this.client.unwrap().handshakeDone, sum: await this.calc.add(2, 3) });
  }
}

@JstpExpose('screen', { client: 'calc' })
@Injectable()
class Screen {
  @JstpExpose()
  size(): number[] {
    return [80, 25];
  }

  @JstpSubscribe('news', 'published', { client: 'calc' })
  onPublished(text: string): void {
    process.send?.(text);
    throw new Error('A subscriber that throws');
  }
}

@Module({
  imports: [
    JstpClientModule.registerAsync({
      name: 'calc',
      useFactory: () => ({ app: 'app', host: LOOPBACK, port: process.argv[2], connectOnInit: true }),
    }),
    JstpClientModule.forFeature(['calc'], 'calc'),
  ],
  providers: [Desk, Screen],
})
class ClientApplicationModule {}

const app = await NestFactory.createApplicationContext(ClientApplicationModule, { logger: false });
app.enableShutdownHooks();
