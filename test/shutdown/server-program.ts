/**
 * A server of the shutdown runs, as a process of its own. It waits until its port is free, serves, and ends by SIGTERM as
 * an application with shutdown hooks does. What runs, it writes down in a file that all servers append to, a line each: a
 * write is one step of the system, so that what a process wrote is there when it has ended.
 */
import 'reflect-metadata';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { Controller, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { finalize, interval, map, take, type Observable } from 'rxjs';
import { JstpServer } from '../../lib/index.js';
import { takesTime } from '../support/quiet.js';
import { STREAM_VALUES, type ServerSettings } from './settings.js';

/** The work of calls takes up to so long. */
const LONGEST_MS = 100;
/** The values of a stream are so far apart. */
const VALUE_EVERY_MS = 8;
const TRY_PORT_EVERY_MS = 2;
const HOST = '127.0.0.1';

const { protocol, port, recordFile } = JSON.parse(process.argv[2] ?? '{}') as ServerSettings;
const record = openSync(recordFile, 'a');
let running = 0;
let isShutDown = false;

function note(what: string, id: unknown): void {
  writeSync(record, `${what} ${String(id)} ${String(process.pid)}\n`);
}

/** A handler begins. @returns what is called at its end */
function begin(what: string, id: unknown): () => void {
  if (isShutDown) note('late', id);
  note(what, id);
  running += 1;
  return () => {
    running -= 1;
    if (isShutDown) note('late', id);
  };
}

@Controller()
class Works implements OnApplicationShutdown {
  @MessagePattern('works.slow')
  async slow(@Payload() id: number): Promise<number> {
    const end = begin('call', id);
    await takesTime((id * 7) % LONGEST_MS);
    end();
    return id;
  }

  @MessagePattern('works.count')
  count(@Payload() id: number): Observable<number> {
    const end = begin('stream', id);
    return interval(VALUE_EVERY_MS).pipe(
      take(STREAM_VALUES),
      map((n) => n + 1),
      finalize(end),
    );
  }

  @EventPattern('works.told')
  async told(@Payload() id: number): Promise<void> {
    const end = begin('event', id);
    await takesTime((id * 3) % LONGEST_MS);
    end();
  }

  onApplicationShutdown(): void {
    isShutDown = true;
    note('shutdown', running);
  }
}

@Module({ controllers: [Works] })
class WorksModule {}

function isFree(): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

const options: MicroserviceOptions =
  protocol === 'jstp'
    ? { strategy: new JstpServer({ host: HOST, port }) }
    : { transport: Transport.TCP, options: { host: HOST, port } };
const app = await NestFactory.createMicroservice<MicroserviceOptions>(WorksModule, {
  ...options,
  logger: ['error', 'warn'],
});
app.enableShutdownHooks();
process.send?.('ready');
// The port is free as soon as the server before accepts no more, while it still serves what it has.
while (!(await isFree())) await takesTime(TRY_PORT_EVERY_MS);
await app.listen();
process.send?.('listens');
// What ends this process is the signal, and nothing that waits for the parent.
process.disconnect();
