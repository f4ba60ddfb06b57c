/** A service as a process of its own: its handlers call the application that has started it. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { JstpClient, JstpContext, JstpRecordBuilder, JstpServer, RemoteError } from '../../lib/index.js';
import { LOOPBACK } from '../support/ports.js';

const client = new JstpClient({ host: LOOPBACK, port: process.argv[2], inheritDeadline: true });

@Controller()
class RelayController {
  @MessagePattern('relay.call')
  async call(@Payload() pattern: string, @Ctx() context: JstpContext): Promise<unknown> {
    const record = new JstpRecordBuilder(pattern)
      .setMetadata({ tenant: context.getMetadata()?.['tenant'] })
      .onReplyMetadata((metadata) => {
        context.setReplyMetadata({ relayed: metadata });
      })
      .build();
    return firstValueFrom(client.send(pattern, record));
  }

  /** Emits an event to that application; answers with what a call with these data fails with there. */
  @MessagePattern('relay.fail')
  async fail(@Payload() [event, pattern, data]: readonly [string, string, unknown]): Promise<unknown> {
    client.emit(event, data).subscribe();
    try {
      return await firstValueFrom(client.send(pattern, data));
    } catch (error) {
      const { code, info } = error as RemoteError;
      return { isRemote: error instanceof RemoteError, code, info };
    }
  }
}

@Module({ controllers: [RelayController] })
class RelayModule {}

const server = new JstpServer({ host: LOOPBACK, port: 0 });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(RelayModule, {
  strategy: server,
  logger: false,
});
await app.listen();
process.send?.(server.unwrap<{ address(): { port: number } }>().address().port);
