import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { JstpServer } from 'nestjs-jstp';
import { address } from './address.js';
import { BrowserChatModule } from './browser-chat.module.js';

/** The sample's folder: this file is compiled into dist/02-browser-chat. */
const folder = path.resolve(import.meta.dirname, '../..');

/** The page as it is: no bundler, the package's own modules are loaded by the browser (see the import map). */
function servePage(app: NestExpressApplication): void {
  app.useStaticAssets(path.join(folder, 'public'));
  app.useStaticAssets(path.join(folder, 'dist/page'), { prefix: '/page/' });
  const browserModule = fileURLToPath(import.meta.resolve('nestjs-jstp/browser'));
  app.useStaticAssets(path.dirname(browserModule), { prefix: '/nestjs-jstp/' });
}

async function main(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(BrowserChatModule, {
    logger: ['warn', 'error'],
  });
  servePage(app);
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(JstpServer) });
  await app.startAllMicroservices();
  await app.listen(address.port, address.host);
  console.log(`
The chat is at ${await app.getUrl()}

   alice / wonderland
   bob / builder

Open it twice, the second time in a private window (one browser has one login). Stop this server (Ctrl-C) while you write, and start it again. Ctrl-C stops it.`);
  const stop = async (): Promise<void> => {
    await app.close();
    console.log('\nStopped.');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

main().catch((error: unknown) => {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  console.error(isTaken ? `${error.message}\nSet PORT to a port that is free.` : error);
  process.exit(1);
});
