import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { RedisBroadcaster } from 'nestjs-jstp/redis';
import { createClient } from 'redis';
import { Balancer } from './balancer.js';
import { Caller } from './caller.js';
import { Instance } from './instance.js';
import { News } from './news.js';
import { MissingError, RedisServer } from './redis-server.js';
import { report } from './report.js';
import { play } from './scenario.js';
import { executionsKey } from './settings.js';

/** The whole takes about ten seconds. */
const TIMEOUT_MS = 90_000;
const USERS = ['ann', 'bob', 'cat', 'dan'];

/** What is to be ended, in the order of its beginning. */
const begun: (() => unknown)[] = [];

async function main(signal: AbortSignal): Promise<void> {
  // The clients tell of each cut and resume at debug.
  Logger.overrideLogger(['warn', 'error']);
  const server = await RedisServer.start(signal);
  begun.push(() => server.stop());
  const keyPrefix = `{jstp-sample-${randomUUID()}}:`;
  const redis = await openRedis(server.url, keyPrefix);

  const balancer = new Balancer();
  const settings = { redisUrl: server.url, keyPrefix };
  const a = new Instance({ name: 'A', ...settings }, balancer);
  const b = new Instance({ name: 'B', ...settings }, balancer);
  begun.push(() => Promise.all([a.close(), b.close()]));
  begun.push(() => balancer.close());
  await Promise.all([a.start(signal), b.start(signal), balancer.listen()]);
  print('redis', `is at ${server.url}`);
  for (const { name, pid } of [a, b]) print(name, `is up (process ${pid})`);
  print('balancer', `spreads the clients of port ${balancer.port} over A and B`);

  const callers = USERS.map((name) => new Caller(name, balancer.port));
  const broadcaster = new RedisBroadcaster(redis, { keyPrefix });
  const news = new News(broadcaster);
  begun.push(() => Promise.all(callers.map((caller) => caller.close())));
  begun.push(() => broadcaster.close());
  await play({ instances: [a, b], callers, news }, print, signal);

  const counts = Object.entries(await redis.hGetAll(executionsKey(keyPrefix)));
  const executions = new Map(counts.map(([call, times]) => [call, Number(times)]));
  console.log(`\n${report(callers, news, executions).join('\n')}`);
}

async function openRedis(url: string, keyPrefix: string) {
  // Without Redis there is nothing to be shown: no use in waiting for it.
  const redis = createClient({ url, socket: { reconnectStrategy: false } });
  // Commands fail, and say why.
  redis.on('error', () => undefined);
  await redis.connect().catch((error: unknown) => {
    throw new MissingError(`There is no Redis at ${url}: ${String(error)}`);
  });
  begun.push(async () => {
    for await (const keys of redis.scanIterator({ MATCH: `${keyPrefix}*` })) {
      if (keys.length > 0) await redis.del(keys);
    }
    redis.destroy();
  });
  return redis;
}

function print(who: string, what: string): void {
  console.log(`   ${who.padEnd(9)} ${what}`);
}

async function endAll(): Promise<void> {
  for (const end of begun.reverse()) {
    try {
      await end();
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
  }
}

async function run(): Promise<void> {
  const interruption = new AbortController();
  // More than one may come, as npm passes on what the terminal has sent already.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interruption.abort());
  try {
    await main(AbortSignal.any([interruption.signal, AbortSignal.timeout(TIMEOUT_MS)]));
  } catch (error) {
    if (!interruption.signal.aborted) {
      console.error(error instanceof MissingError ? error.message : error);
      process.exitCode = 1;
    }
  }
  await endAll();
  if (!process.exitCode) console.log('\nStopped.');
}

console.log();
void run();
