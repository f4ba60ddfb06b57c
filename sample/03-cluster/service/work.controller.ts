import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { JstpApplication, JstpInterface } from 'nestjs-jstp';
import { executionsKey, readEnvironment } from '../settings.js';
import { REDIS, type Redis } from './redis.module.js';

const { name, keyPrefix } = readEnvironment();

/** What the rest of a call takes: long enough for some to be under way whenever an instance is ended. */
const WORK_MS = 25;

/** What must not be done twice: a payment, an order. */
@JstpApplication('work@1.0.0')
@JstpInterface('work')
@Controller()
export class WorkController {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  /** @returns which instance did it */
  @MessagePattern('run')
  async run(@Payload() call: string): Promise<string> {
    await this.redis.hIncrBy(executionsKey(keyPrefix), call, 1);
    await delay(WORK_MS);
    return name;
  }
}
