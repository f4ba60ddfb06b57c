import { Module } from '@nestjs/common';
import { JstpModule, type JstpServerOptions } from 'nestjs-jstp';
import { RedisSessionStorageProvider } from 'nestjs-jstp/redis';
import { HOST, LEASE_MS, readEnvironment } from '../settings.js';
import { NameGuard } from './name.guard.js';
import { REDIS, RedisModule, type Redis } from './redis.module.js';
import { WorkController } from './work.controller.js';

const { keyPrefix } = readEnvironment();

@Module({
  imports: [
    RedisModule,
    JstpModule.forRootAsync({
      inject: [REDIS],
      useFactory: (redis: Redis): JstpServerOptions => ({
        host: HOST,
        port: 0,
        authPolicy: new NameGuard(),
        sessionStorageProvider: new RedisSessionStorageProvider(redis, {
          keyPrefix,
          leaseMs: LEASE_MS,
          // Each step is in Redis before it is acted on: a session outlives even a SIGKILL.
          writeThrough: true,
        }),
      }),
    }),
  ],
  controllers: [WorkController],
})
export class ServiceModule {}
