import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import type { Closing } from '../support/closing.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import type { PackageName, RedisConnection } from './redis-server.js';
import { RedisServer } from './redis-server.js';

const NAME = 'sessions';

/** A Redis with a replica, and a sentinel that makes the replica the master when the master is gone. */
export class RedisSentinel {
  private constructor(
    readonly master: RedisServer,
    readonly replica: RedisServer,
    private readonly port: number,
    private readonly closing: Closing,
  ) {}

  /** Starts all three; `closing` ends them. */
  static async start(closing: Closing): Promise<RedisSentinel> {
    const master = await RedisServer.start(closing, () => ['--repl-diskless-sync-delay', '0']);
    const replica = await RedisServer.start(closing, () => ['--replicaof', LOOPBACK, String(master.port)]);
    const sentinel = new RedisSentinel(master, replica, await reservedPort(closing), closing);
    await sentinel.waitForReplica();
    await sentinel.up();
    return sentinel;
  }

  /** Connects by one of the packages; `closing` ends what is not killed. */
  async connect(name: PackageName): Promise<RedisConnection> {
    return name === 'redis' ? this.nodeRedis() : this.ioRedis();
  }

  private async nodeRedis(): Promise<RedisConnection> {
    const redis = createSentinel({ name: NAME, sentinelRootNodes: [{ host: LOOPBACK, port: this.port }] });
    redis.on('error', () => undefined);
    const kill = async (): Promise<void> => {
      if (redis.isOpen) await redis.destroy();
    };
    this.closing.add(kill);
    await within(redis.connect(), 'a connection by a sentinel');
    return { redis, kill };
  }

  private async ioRedis(): Promise<RedisConnection> {
    const sentinels = [{ host: LOOPBACK, port: this.port }];
    const redis = new Redis({ sentinels, name: NAME, disconnectTimeout: 50 });
    redis.on('error', () => undefined);
    const kill = () => redis.status === 'end' || redis.disconnect();
    this.closing.add(kill);
    await within(redis.ping(), 'a connection by a sentinel');
    return { redis, kill };
  }

  private async waitForReplica(): Promise<void> {
    const { redis, kill } = this.replica.ioRedis();
    let info = '';
    const timer = setInterval(() => void redis.info('replication').then((text) => (info = text)), 50);
    try {
      await waitFor(() => info.includes('master_link_status:up'), 'a replica that follows');
    } finally {
      clearInterval(timer);
      kill();
    }
  }

  private async up(): Promise<void> {
    const folder = mkdtempSync(path.join(tmpdir(), 'jstp-sentinel-'));
    this.closing.add(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'sentinel.conf');
    // A sentinel writes into its file what it learns.
    const lines = [
      `port ${String(this.port)}`,
      `bind ${LOOPBACK}`,
      `dir ${folder}`,
      `sentinel monitor ${NAME} ${LOOPBACK} ${String(this.master.port)} 1`,
      `sentinel down-after-milliseconds ${NAME} 500`,
      `sentinel failover-timeout ${NAME} 2000`,
    ];
    writeFileSync(file, lines.join('\n'));
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    this.closing.add(async () => {
      child.kill('SIGKILL');
      await within(ended, 'the end of a sentinel');
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
    // It has to know the replica that is to take over.
    await waitFor(() => output.includes('+slave slave'), 'a sentinel that knows master and replica');
  }
}
