import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { RedisBroadcaster } from 'nestjs-jstp/redis';
import { createClient } from 'redis';
import { readEnvironment } from '../settings.js';

/** The connection to Redis. */
export const REDIS = Symbol('REDIS');
export type Redis = Awaited<ReturnType<typeof openRedis>>;

const { redisUrl, keyPrefix } = readEnvironment();

async function openRedis() {
  const redis = createClient({ url: redisUrl });
  // Without a listener, the first outage would end the process.
  redis.on('error', (error: Error) => {
    Logger.warn(error.message, 'Redis');
  });
  await redis.connect();
  return redis;
}

/** Redis, and the events that travel by it. */
@Global()
@Module({
  providers: [
    { provide: REDIS, useFactory: openRedis },
    {
      provide: RedisBroadcaster,
      inject: [REDIS],
      useFactory: (redis: Redis) => new RedisBroadcaster(redis, { keyPrefix }),
    },
  ],
  exports: [REDIS, RedisBroadcaster],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly broadcaster: RedisBroadcaster,
  ) {}

  /** The last thing of a shutdown: until the server has handed its sessions over, it needs Redis. */
  onApplicationShutdown(): void {
    this.broadcaster.close();
    this.redis.destroy();
  }
}
