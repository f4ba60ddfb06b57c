/** "Decorators": the names, the positional arguments, their check, and the event. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpClient, JstpServer } from 'nestjs-jstp';
import { createMemoryEntry } from 'nestjs-jstp/testing';
import { RoomsController } from './rooms.controller.js';
import { joinKitchen } from './typed-client.js';

@Module({ controllers: [RoomsController] })
class RoomsModule {}

const address = { transport: createMemoryEntry(), port: 1 };
const authPolicy = {
  authenticate: (...args: unknown[]) => (args.at(-1) as (error: null, name: string) => void)(null, 'ann'),
};
const strategy = new JstpServer({ ...address, authPolicy });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(RoomsModule, { strategy });
await app.listen();
const client = new JstpClient({ ...address, app: 'chat@^1.0.0', login: 'ann', password: '' });

assert.equal(await client.call('rooms', 'join', 'kitchen'), 'ann is in kitchen');
assert.equal(await joinKitchen(client), 'ann is in kitchen');
assert.deepEqual(await client.call('rooms', 'last', 'kitchen', '3'), ['kitchen', 3]);
await assert.rejects(client.call('rooms', 'last', 'kitchen'), { code: 17 });
assert.deepEqual([...(await client.inspect('rooms'))].sort(), ['join', 'last']);

const said: unknown[] = [];
console.log = (line) => said.push(line);
client.emit('rooms.typing', 'bob').subscribe();
assert.equal(await client.call('rooms', 'join', 'hall'), 'ann is in hall'); // in order: the event was served
assert.deepEqual(said, ['bob']);

await client.close();
await app.close();
