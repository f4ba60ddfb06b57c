/** A chat server of several, as a process of its own: sessions and rooms over Redis. SIGTERM closes it. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { createClient } from 'redis';
import { JstpContext, JstpServer, type Presence } from '../../lib/index.js';
import { RedisBroadcaster, RedisSessionStorageProvider } from '../../lib/redis/index.js';
import { LOOPBACK } from '../support/ports.js';

const redis = createClient({ socket: { port: Number(process.argv[2]), host: LOOPBACK } });
redis.on('error', () => undefined);
await redis.connect();

const broadcaster = new RedisBroadcaster(redis);

@Controller()
class ChatController {
  @MessagePattern('chat.enter')
  enter(@Payload() room: string, @Ctx() context: JstpContext): boolean {
    return context.join(room);
  }

  @MessagePattern('chat.say')
  async say(@Payload() number: number, @Ctx() context: JstpContext): Promise<boolean> {
    for (const room of context.getRooms()) await broadcaster.to(room).emit('chat', 'said', number);
    return true;
  }

  @MessagePattern('chat.who')
  who(@Payload() room: string): Promise<Presence> {
    return broadcaster.who(room);
  }
}

@Module({ controllers: [ChatController] })
class ChatModule {}

const server = new JstpServer({
  host: LOOPBACK,
  port: 0,
  broadcaster,
  sessionStorageProvider: new RedisSessionStorageProvider(redis),
  authPolicy: (_connection, _application, _strategy, credentials, callback) =>
    callback(null, (credentials as string[])[0]),
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(ChatModule, {
  strategy: server,
  logger: false,
});
await app.listen();
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
process.send?.(server.unwrap<{ address(): { port: number } }>().address().port);
