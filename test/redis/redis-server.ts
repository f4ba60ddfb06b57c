import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisLike } from '../../lib/redis/index.js';
import type { Closing } from '../support/closing.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { within } from '../support/wait-for.js';

const MISSING = 'These tests need a redis-server on the PATH: apt-get install redis-server';
const READY = 'Ready to accept connections';

/** A connection of an application, of either package. */
export interface RedisConnection {
  readonly redis: RedisLike;
  /** Cuts it off for good, as the end of its process does. */
  kill(): unknown;
}

/** The packages that connections are made by. */
export const PACKAGES = ['redis', 'ioredis'] as const;
export type PackageName = (typeof PACKAGES)[number];

/** A real Redis of its own, which keeps nothing on disk. */
export class RedisServer {
  private process: ChildProcess | undefined;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'jstp-redis-'));

  private constructor(
    readonly port: number,
    private readonly closing: Closing,
    private readonly args: readonly string[],
  ) {}

  /**
   * Starts one; `closing` ends it.
   * @param argsOf options beside those that each has, for a port
   */
  static async start(
    closing: Closing,
    argsOf: (port: number) => readonly string[] = () => [],
  ): Promise<RedisServer> {
    const port = await reservedPort(closing);
    const server = new RedisServer(port, closing, argsOf(port));
    closing.add(async () => {
      await server.stop();
      rmSync(server.folder, { recursive: true, force: true });
    });
    await server.up();
    return server;
  }

  /** Starts it, empty. */
  async up(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', LOOPBACK, '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', [...options, '--dir', this.folder, ...this.args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.process = child;
    const ready = new Promise<void>((resolve, reject) => {
      let output = '';
      child.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? new Error(MISSING) : error),
      );
      child.once('exit', () => reject(new Error(`redis-server ended: ${output}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        output += String(chunk);
        if (output.includes(READY)) resolve();
      });
    });
    await within(ready, 'a redis-server that is ready');
  }

  /** Ends its process, and what it holds. */
  async stop(): Promise<void> {
    const { process: child } = this;
    this.process = undefined;
    if (child?.exitCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await within(ended, 'the end of a redis-server');
  }

  /** Stops its process where it is: connections stay, and nothing is answered. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Connects by one of the packages, over another port where a proxy stands before Redis; `closing` ends what is not killed. */
  async connect(name: PackageName, port = this.port): Promise<RedisConnection> {
    if (name === 'redis') return this.nodeRedis({ socket: { port, host: LOOPBACK } });
    const connection = this.ioRedis({ port });
    await within(connection.redis.ping(), 'a connection to Redis');
    return connection;
  }

  /** An instance of ioredis. */
  ioRedis(options: object = {}): { redis: Redis; kill: () => unknown } {
    const redis = new Redis({ port: this.port, host: LOOPBACK, disconnectTimeout: 50, ...options });
    redis.on('error', () => undefined);
    // Told to disconnect when it is, an instance waits that long for an end that has been.
    const kill = () => redis.status === 'end' || redis.disconnect();
    this.closing.add(kill);
    return { redis, kill };
  }

  /** A client of node-redis. */
  async nodeRedis(options: object = {}) {
    const redis = createClient({ socket: { port: this.port, host: LOOPBACK }, ...options });
    redis.on('error', () => undefined);
    const kill = () => redis.isOpen && redis.destroy();
    this.closing.add(kill);
    await within(redis.connect(), 'a connection to Redis');
    return { redis, kill };
  }

  /** Sets an option of it while it runs. */
  async configure(option: string, value: string): Promise<void> {
    const { redis, kill } = this.ioRedis();
    try {
      await within(redis.config('SET', option, value), `${option} to be set`);
    } finally {
      kill();
    }
  }

  /** All keys with what they hold, as text. */
  async dump(): Promise<string> {
    const { redis, kill } = this.ioRedis();
    try {
      const lines: string[] = [];
      for (const key of await redis.keys('*')) {
        const value =
          (await redis.type(key)) === 'hash'
            ? JSON.stringify(await redis.hgetall(key))
            : await redis.get(key);
        lines.push(`${key} ${value}`);
      }
      return lines.sort().join('\n');
    } finally {
      kill();
    }
  }
}
