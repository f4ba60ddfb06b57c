/** A service over TLS that reads its certificates from a folder, and again at SIGHUP. Tells its port, then each reading. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { JstpServer, type JstpContext, type Server } from '../../../lib/index.js';
import { LOOPBACK } from '../../support/ports.js';

const read = (file: string): Buffer => readFileSync(path.join(process.argv[2] ?? '', file));
const certificates = () => ({ key: read('server.key'), cert: read('server.crt'), ca: read('ca.crt') });

@Controller()
class SerialController {
  @MessagePattern('who.serial')
  serial(@Ctx() context: JstpContext): string | undefined {
    return context.getPeerCertificate()?.serialNumber;
  }
}

@Module({ controllers: [SerialController] })
class SerialModule {}

const strategy = new JstpServer({
  transport: 'tls',
  host: LOOPBACK,
  port: 0,
  requestCert: true,
  ...certificates(),
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(SerialModule, {
  strategy,
  logger: false,
});
await app.listen();
process.on('SIGHUP', () => {
  try {
    strategy.setSecureContext(certificates());
    process.send?.('renewed');
  } catch {
    process.send?.('kept');
  }
});
process.send?.((strategy.unwrap<Server>().address() as AddressInfo).port);
