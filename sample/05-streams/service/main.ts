import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpServer, type Server } from 'nestjs-jstp';
import { FilesController } from './files.controller.js';

@Module({ controllers: [FilesController] })
class FilesModule {}

const server = new JstpServer({ host: '127.0.0.1', port: 0 });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(FilesModule, {
  strategy: server,
  logger: ['warn', 'error'],
});
await app.listen();
process.send?.({ port: (server.unwrap<Server>().address() as { port: number }).port });
process.once('disconnect', () => void app.close());
