/** "Health": Terminus' own check logs in. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { MicroserviceHealthIndicator, TerminusModule } from '@nestjs/terminus';
import { JstpServer } from 'nestjs-jstp';
import { loginCheck } from './login-check.js';

@Module({ imports: [TerminusModule] })
class HealthModule {}

const address = { host: '127.0.0.1', port: 4112 };
const app = await NestFactory.createMicroservice<MicroserviceOptions>(HealthModule, {
  strategy: new JstpServer(address),
  logger: ['error'],
});
let logins = 0;
await app.listen();
const server = app.unwrap<{ on(event: 'connect', listener: () => void): void }>();
server.on('connect', () => (logins += 1));
const { chat } = await loginCheck(await app.resolve(MicroserviceHealthIndicator), address);
assert.equal(chat.status, 'up');
assert.equal(logins, 1);
await app.close();
