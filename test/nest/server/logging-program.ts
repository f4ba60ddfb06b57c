/** A service with an access log and the loggers of nestjs-pino, as a process of its own. Tells its port, then its log. */
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { Controller, Inject, Module, type ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { Logger, LoggerModule, PinoLogger } from 'nestjs-pino';
import { JstpServer, type JstpContext, type Server } from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';

const stream = { write: (line: string): void => void process.send?.(line) };
const customProps = (context: ExecutionContext): object => {
  const jstp = context.switchToRpc().getContext<JstpContext>();
  return { user: jstp.getUsername(), requestId: jstp.getMetadata()?.['requestId'] };
};

@Controller()
class WorkController {
  constructor(@Inject(PinoLogger) private readonly logger: PinoLogger) {}

  @MessagePattern('work.do')
  async do(@Payload() text: string): Promise<string> {
    await Promise.resolve();
    this.logger.info('done');
    return text;
  }
}

@Module({
  imports: [
    LoggerModule.forRoot({
      pinoHttp: [{ base: null }, stream],
      microservice: { autoLogging: false, customProps },
    }),
  ],
  controllers: [WorkController],
})
class WorkModule {}

const strategy = new JstpServer({
  host: LOOPBACK,
  port: 0,
  authPolicy: { canActivate: () => true },
  accessLog: true,
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(WorkModule, {
  strategy,
  bufferLogs: true,
});
app.useLogger(app.get(Logger));
await app.listen();
process.send?.((strategy.unwrap<Server>().address() as AddressInfo).port);
