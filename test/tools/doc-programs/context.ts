/** "JstpContext": the state of a session. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpClient, JstpServer } from 'nestjs-jstp';
import { createMemoryEntry, cutLine } from 'nestjs-jstp/testing';
import { VisitsController } from './context.controller.js';

@Module({ controllers: [VisitsController] })
class VisitsModule {}

const address = { transport: createMemoryEntry(), port: 1 };
const app = await NestFactory.createMicroservice<MicroserviceOptions>(VisitsModule, {
  strategy: new JstpServer(address),
});
await app.listen();
const client = new JstpClient(address);
assert.deepEqual(await client.call('visits', 'count'), { who: 'a guest', visits: 1 });
cutLine(client.unwrap());
assert.deepEqual(await client.call('visits', 'count'), { who: 'a guest', visits: 2 });
await client.close();
await app.close();
