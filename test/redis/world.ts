import { RedisSessionStorageProvider } from '../../lib/redis/index.js';
import type { RedisLike, RedisSessionStorageOptions } from '../../lib/redis/index.js';
import { fullSession, StoreServer } from '../../lib/testing/session-storage-world.js';
import type { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import type { PackageName, RedisServer } from './redis-server.js';

export { fullSession };

/** A server, as far as its store sees it, which notes what the store reports. */
export class User extends StoreServer {
  readonly errors: Error[] = [];
  /** The ids of the sessions that other servers have taken. */
  readonly lostIds: string[] = [];

  override lost(id: string): void {
    super.lost(id);
    this.lostIds.push(id);
  }

  override reportError(error?: unknown): void {
    this.errors.push(error as Error);
  }
}

/** The servers of a test, over one Redis. */
export class World {
  constructor(
    readonly server: RedisServer,
    private readonly closing: Closing,
    private readonly options: RedisSessionStorageOptions = {},
  ) {}

  /** A server with a connection of its own. */
  async user(
    options: RedisSessionStorageOptions = {},
    name: PackageName = 'redis',
    wrap = (redis: RedisLike) => redis,
  ): Promise<User> {
    const { redis } = await this.server.connect(name);
    const user = new User(new RedisSessionStorageProvider(wrap(redis), { ...this.options, ...options }));
    this.closing.add(() => user.stop());
    return user;
  }
}

/** What Redis is told by clients from now on, one line for each command. */
export async function watchCommands(server: RedisServer): Promise<readonly string[]> {
  const lines: string[] = [];
  const { redis: monitor } = await server.nodeRedis();
  await monitor.monitor((reply: unknown) => {
    const [, source = '', quoted = ''] = /^\S+ \[\d+ (\S+)\] (.*)$/.exec(String(reply)) ?? [];
    const args = quoted.split(' ').map((arg) => arg.replace(/^"|"$/g, ''));
    lines.push(`${source === 'lua' ? 'lua ' : ''}${args.join(' ')}`);
  });
  const { redis } = await server.nodeRedis();
  await redis.ping();
  await waitFor(() => lines.some((line) => /^ping$/i.test(line)), 'the first command that is seen');
  return lines;
}

/** How often a lease was renewed. */
export function renewals(lines: readonly string[]): number {
  return lines.filter((line) => /^lua PEXPIRE \S*instance:/.test(line)).length;
}
