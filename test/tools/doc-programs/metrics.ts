/** "Metrics": the controller of sample 01. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpModule, JstpServer } from 'nestjs-jstp';
import { MetricsController } from './metrics.controller.js';

@Module({
  imports: [JstpModule.forRoot({ host: '127.0.0.1', port: 4123, metrics: true })],
  controllers: [MetricsController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(JstpServer) });
await app.startAllMicroservices();
await app.listen(4124, '127.0.0.1');
const response = await fetch('http://127.0.0.1:4124/metrics');
assert.match(String(response.headers.get('content-type')), /^text\/plain/);
assert.match(await response.text(), /^jstp_server_sessions_opened_total\{jstp_name="chat"\} 0$/m);
await app.close();
