import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Session } from '../../lib/core.js';
import { RedisSessionStorageProvider } from '../../lib/redis/index.js';
import { BoundedRedisClient } from '../../lib/redis/bounded-redis-client.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { clockWait, turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import { PACKAGES, RedisServer } from './redis-server.js';

/** A way to Redis on which connections can die without a word, as behind a router that has lost them. */
class Router {
  port = 0;
  private readonly listening = new Map<Socket, Socket>();
  private readonly all = new Set<Socket>();
  /** Whether the next command to subscribe is lost, and the connection with it. */
  private losesNext = false;

  static async start(redisPort: number, closing: Closing): Promise<Router> {
    const router = new Router();
    const server = createServer((near) => {
      const far = connect(redisPort, LOOPBACK);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        router.all.add(from);
        from.on('data', (chunk: Buffer) => {
          if (router.swallows(chunk)) from.removeAllListeners('data').pause();
          else to.write(chunk);
        });
        from.on('error', () => undefined);
        from.on('close', () => {
          router.listening.delete(near);
          to.destroy();
        });
      }
      near.on('data', (chunk: Buffer) => {
        if (/subscribe/i.test(chunk.toString('latin1'))) router.listening.set(near, far);
      });
    });
    closing.add(async () => {
      for (const socket of router.all) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    router.port = (server.address() as AddressInfo).port;
    return router;
  }

  /** How many connections listen, as far as bytes pass. */
  get listeners(): number {
    return this.listening.size;
  }

  /** The next connection dies as it is told to subscribe, and nobody is told. */
  loseNext(): void {
    this.losesNext = true;
  }

  private swallows(chunk: Buffer): boolean {
    const isLost = this.losesNext && /subscribe/i.test(chunk.toString('latin1'));
    if (isLost) this.losesNext = false;
    return isLost;
  }

  /** From now on the connections that listen pass no byte, and nobody is told. */
  lose(): void {
    for (const [near, far] of this.listening) {
      far.removeAllListeners('data').pause();
      near.removeAllListeners('data').pause();
    }
    this.listening.clear();
  }
}

let closing: Closing;
let server: RedisServer;
let router: Router;
beforeEach(async () => {
  closing = new Closing();
  server = await RedisServer.start(closing);
  router = await Router.start(server.port, closing);
});
afterEach(() => closing.run());

describe.each(PACKAGES)('with %s, a connection that listens', (name) => {
  test('and dies without a word is noticed, reported, and made anew', async () => {
    const { redis } = await server.connect(name, router.port);
    const heard: string[] = [];
    const failures: unknown[] = [];
    let readies = 0;
    const listener = {
      message: (text: string) => heard.push(text),
      failed: (error: unknown) => failures.push(error),
      ready: () => (readies += 1),
    };
    const client = new BoundedRedisClient(redis, 1000);
    const channel = client.subscribe('channel', listener);
    channel.proveEvery(100, (proof) => client.publish('channel', proof));
    closing.add(() => {
      channel.close();
    });
    await within(channel.subscribed, 'the channel');
    const other = server.ioRedis().redis;
    for (let round = 1; round <= 2; round++) {
      await turns();
      router.lose();
      await waitFor(() => readies === round + 1, 'the channel again');
      expect(failures).toHaveLength(round);
      expect(failures.at(-1)).toMatchObject({ code: 'ERR_JSTP_STORE_AWAY' });
      await other.publish('channel', `after ${String(round)}`);
      await waitFor(() => heard.length === round, 'a message');
    }
    // Proofs are nobody's messages.
    expect(heard).toEqual(['after 1', 'after 2']);
  });

  test('and lives stays, for as many beats as there are, while Redis stands still, too', async () => {
    const { redis } = await server.connect(name, router.port);
    const failures: unknown[] = [];
    const listener = {
      message: () => undefined,
      failed: (error: unknown) => failures.push(error),
      ready: () => undefined,
    };
    const client = new BoundedRedisClient(redis, 200);
    const channel = client.subscribe('channel', listener);
    channel.proveEvery(100, (proof) => client.publish('channel', proof));
    closing.add(() => {
      channel.close();
    });
    await within(channel.subscribed, 'the channel');
    await clockWait('a term of a store', 500);
    server.pause();
    await clockWait('a term of a store', 700);
    server.resume();
    await clockWait('a term of a store', 500);
    expect(failures).toEqual([]);
    expect(router.listeners).toBe(1);
  });

  test('leaves nothing open when it is closed', async () => {
    const { redis } = await server.connect(name, router.port);
    const before = countHandles();
    const listener = { message: () => undefined, failed: () => undefined, ready: () => undefined };
    const client = new BoundedRedisClient(redis, 1000);
    const channel = client.subscribe('channel', listener);
    channel.proveEvery(50, (proof) => client.publish('channel', proof));
    await within(channel.subscribed, 'the channel');
    router.lose();
    await waitFor(() => router.listeners === 1, 'the second connection');
    channel.close();
    await waitFor(() => router.listeners === 0, 'its end');
    await expectNoNewHandles(before);
  });
});

test.each(PACKAGES)(
  'with %s, a connection that dies as it subscribes is made anew',
  async (name) => {
    const { redis } = await server.connect(name, router.port);
    const listener = { message: () => undefined, failed: () => undefined, ready: () => undefined };
    const client = new BoundedRedisClient(redis, 1000);
    router.loseNext();
    const channel = client.subscribe('channel', listener);
    closing.add(() => channel.close());
    channel.proveEvery(200, (proof) => client.publish('channel', proof));
    await within(channel.subscribed, 'the channel', 30_000);
  },
  40_000,
);

test('a server whose connection died without a word is asked for its sessions again', async () => {
  const { redis } = await server.connect('ioredis', router.port);
  const reports: unknown[] = [];
  // Long. Why: on a busy machine a server takes seconds to notice that its connection is dead.
  const options = { leaseMs: 600, claimTimeoutMs: 30_000 };
  const first = new RedisSessionStorageProvider(redis, options);
  const session = new Session(null, 'ann');
  const stop = first.serve({
    handOver: (id: string) => first.release(id, session),
    lost: () => undefined,
    reportError: (error: unknown) => reports.push(error),
  });
  closing.add(stop);
  await first.create(session.id, session);
  await waitFor(() => router.listeners === 1, 'the channel');
  await turns();
  router.lose();
  const second = new RedisSessionStorageProvider((await server.connect('ioredis')).redis, options);
  closing.add(
    second.serve({ handOver: async () => undefined, lost: () => undefined, reportError: () => undefined }),
  );
  expect(await within(second.claim(session.id), 'the session', 30_000)).toMatchObject({ username: 'ann' });
  expect(reports).toEqual([expect.objectContaining({ code: 'ERR_JSTP_STORE_AWAY' })]);
}, 40_000);
