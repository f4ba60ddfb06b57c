/** "Rooms and users": the module for several servers serves, and the porter tells who has gone. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpClient, JstpRooms, JstpServer } from 'nestjs-jstp';
import { firstValueFrom } from 'rxjs';
import { Porter } from './porter.js';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, 'close');
const server = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1']);
const ended = once(server, 'exit');
let printed = '';
server.stdout.on('data', (data) => (printed += String(data)));
while (!printed.includes('Ready to accept connections')) await once(server.stdout, 'data');

process.env['REDIS_URL'] = `redis://127.0.0.1:${port}`;
process.env['PORT'] = '0';
const { ClusterModule, redis } = await import('./cluster.js');

@Module({ imports: [ClusterModule], providers: [Porter] })
class AppModule {}

const app = await NestFactory.create(AppModule);
const strategy = app.get(JstpServer);
app.connectMicroservice<MicroserviceOptions>({ strategy });
await app.startAllMicroservices();
const rooms = app.get(JstpRooms);
const address = { port: strategy.unwrap<{ address(): AddressInfo }>().address().port };
const [ann, bob] = [new JstpClient(address), new JstpClient(address)];
await ann.connect();
await bob.connect();
for (const connection of strategy.getClients()) rooms.join(connection, 'kitchen');
const { count, isComplete } = await rooms.who('kitchen');
assert.deepEqual([count, isComplete], [2, true]);

const gone = firstValueFrom(bob.fromEvent('chat', 'gone'));
await ann.close();
assert.equal(await gone, null); // an anonymous client
await bob.close();
await app.close();
redis.destroy();
server.kill();
await ended;
