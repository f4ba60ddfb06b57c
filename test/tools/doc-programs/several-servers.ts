/** "Several servers": the block serves with its sessions in Redis, and SIGTERM ends it. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { JstpClient } from 'nestjs-jstp';
import { firstValueFrom } from 'rxjs';
import type {} from './several-servers.js';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, 'close');
const redis = spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], {
  stdio: 'ignore',
});
const ended = once(redis, 'exit');
while (!(await listens(port))) await delay(20);

// The port of the block may be that of a Redis of this machine, which is none of our business.
const code = readFileSync(path.join(import.meta.dirname, 'several-servers.js'), 'utf8');
assert.ok(code.includes('127.0.0.1:6379'));
const here = path.join(import.meta.dirname, 'several-servers-here.js');
writeFileSync(here, code.replace('127.0.0.1:6379', `127.0.0.1:${port}`));
await import(here);

const client = new JstpClient({ port: 4040 });
assert.equal(await firstValueFrom(client.send('sums.add', [1, 2])), 3);
await client.close();
process.kill(process.pid, 'SIGTERM');
while (await listens(4040)) await delay(20);
redis.kill();
await ended;

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, 'localhost');
  const isUp = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isUp;
}
