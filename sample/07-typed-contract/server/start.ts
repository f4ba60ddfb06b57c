import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { JstpServer } from 'nestjs-jstp';
import { ChatModule } from './chat.module.js';

/** Starts the chat and its page. @param folders where the page's files are */
export async function start(port: number, folders: readonly string[]): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ChatModule, { logger: ['warn', 'error'] });
  for (const folder of folders) app.useStaticAssets(folder);
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(JstpServer) });
  await app.startAllMicroservices();
  await app.listen(port, '127.0.0.1');
  return app;
}
