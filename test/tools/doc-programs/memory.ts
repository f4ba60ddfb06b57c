/** "Testing": a Nest server and client over a network in memory, and a line that is cut. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { cutLine } from 'nestjs-jstp/testing';
import { firstValueFrom } from 'rxjs';
import { client, strategy } from './memory.js';
import { SumsModule } from './sums.module.js';

const app = await NestFactory.createMicroservice<MicroserviceOptions>(SumsModule, { strategy });
await app.listen();
assert.equal(await firstValueFrom(client.send('sums.add', [1, 2])), 3);
cutLine(client.unwrap());
assert.equal(await firstValueFrom(client.send('sums.add', [3, 4])), 7);
await client.close();
await app.close();
