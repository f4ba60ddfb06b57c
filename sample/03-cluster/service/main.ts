import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions, MicroserviceOptions } from '@nestjs/microservices';
import { JstpServer } from 'nestjs-jstp';
import { RedisBroadcaster } from 'nestjs-jstp/redis';
import { ServiceModule } from './service.module.js';

/** One instance of the service, in a process of its own. */
async function main(): Promise<void> {
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(ServiceModule, {
    logger: ['warn', 'error'],
    inject: [JstpServer],
    useFactory: (strategy: JstpServer): MicroserviceOptions => ({ strategy }),
  });
  await app.listen();
  const server = app.get(JstpServer);
  // Before anybody is sent here: an event that comes while nobody listens is gone.
  await app.get(RedisBroadcaster).attach(server);

  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    // Closing drains: what runs is finished, and the sessions with all their answers go to the other instances.
    stopping ??= app.close().then(() => {
      if (process.connected) process.disconnect();
    });
  };
  process.on('SIGTERM', stop);
  // Who has started this process is gone.
  process.on('disconnect', stop);
  const { port } = server.unwrap().address() as AddressInfo;
  process.send?.({ port });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
