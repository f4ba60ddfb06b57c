/** "Tracing": the spans of a call go to the console. */
import './tracing.js';
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { JstpClient, JstpServer } from 'nestjs-jstp';
import { firstValueFrom } from 'rxjs';

interface Shown {
  readonly name: string;
  readonly traceId: string;
}

const shown: Shown[] = [];
console.dir = (span: Shown) => shown.push(span);

@Controller()
class SumController {
  @MessagePattern('math.sum')
  sum([a, b]: [number, number]): number {
    return a + b;
  }
}

@Module({ controllers: [SumController] })
class SumModule {}

const address = { host: '127.0.0.1', port: 4117 };
const app = await NestFactory.createMicroservice(SumModule, {
  strategy: new JstpServer(address),
  logger: ['error'],
});
await app.listen();
const client = new JstpClient(address);
assert.equal(await firstValueFrom(client.send('math.sum', [1, 2])), 3);
await client.close();
await app.close();
assert.deepEqual(
  shown.map(({ name }) => name),
  ['math/sum', 'math/sum'],
);
assert.equal(new Set(shown.map(({ traceId }) => traceId)).size, 1);
