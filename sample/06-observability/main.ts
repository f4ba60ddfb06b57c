import { spans } from './tracing.js';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpServer } from 'nestjs-jstp';
import { drawSpans } from '../04-tracing/span-tree.js';
import { port } from './port.js';
import { ShopModule } from './shop/shop.module.js';

const SPANS_EXPECTED = 7;
const TIMEOUT_MS = 10_000;
const ORDERS_EVERY_MS = 100;
const ARTICLES = ['tea', 'tea', 'tea', 'tea', 'coffee'];

const address = `http://127.0.0.1:${port}`;
const order = (article: string): Promise<Response> =>
  fetch(`${address}/orders/${article}`, { method: 'POST' });

async function main(): Promise<void> {
  const app = await NestFactory.create(ShopModule, { logger: ['error'] });
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(JstpServer) });
  await app.startAllMicroservices();
  await app.listen(port, '127.0.0.1');

  const response = await order('tea');
  console.log(`POST /orders/tea: ${response.status} ${await response.text()}\n`);
  const deadline = Date.now() + TIMEOUT_MS;
  while (spans.length < SPANS_EXPECTED && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(drawSpans(spans).join('\n'));

  const metrics = await (await fetch(`${address}/metrics`)).text();
  const served = metrics.split('\n').filter((line) => line.includes('server_call_duration_seconds_count'));
  console.log(`\nGET /metrics, of ${metrics.split('\n').length} lines:\n${served.join('\n')}`);

  if (process.argv.includes('--once')) {
    await app.close();
    return;
  }
  const orders = setInterval(() => {
    void order(ARTICLES[Math.floor(Math.random() * ARTICLES.length)]).catch(() => undefined);
  }, ORDERS_EVERY_MS);
  console.log(`
The shop goes on to get orders. See it in a browser, as staff (password coffee):

   ${address}/jstp-explorer

Ctrl-C stops it.`);
  const stop = async (): Promise<void> => {
    clearInterval(orders);
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
