/** "Logging": the interceptor that gives each message a logger of its own. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Controller, Module, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { JstpClient, JstpServer } from 'nestjs-jstp';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { LogContextInterceptor } from './log-context.interceptor.js';

const lines: { msg: string; user: string }[] = [];
const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };

@Controller()
@UseInterceptors(LogContextInterceptor)
class WorkController {
  constructor(private readonly logger: PinoLogger) {}

  @MessagePattern('work.do')
  do() {
    this.logger.info('done');
  }
}

@Module({ imports: [LoggerModule.forRoot({ pinoHttp: [{}, stream] })], controllers: [WorkController] })
class WorkModule {}

const authPolicy = { canActivate: () => true };
const strategy = new JstpServer({ host: '127.0.0.1', port: 4073, authPolicy });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(WorkModule, {
  strategy,
  logger: false,
});
await app.listen();
const client = new JstpClient({ host: '127.0.0.1', port: 4073, login: 'ann' });
await client.call('work', 'do');
assert.deepEqual(
  lines.map(({ msg, user }) => [msg, user]),
  [['done', 'ann']],
);
await client.close();
await app.close();
