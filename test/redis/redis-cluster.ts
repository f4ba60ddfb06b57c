import { once } from 'node:events';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import type { Closing } from '../support/closing.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import type { PackageName, RedisConnection } from './redis-server.js';
import { RedisServer } from './redis-server.js';

const MASTERS = 3;
const SLOTS = 16_384;

/** A Redis Cluster of three masters. */
export class RedisCluster {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  /** Starts one; `closing` ends it. */
  static async start(closing: Closing): Promise<RedisCluster> {
    const nodes: RedisServer[] = [];
    const busPorts: number[] = [];
    for (let node = 0; node < MASTERS; node++) {
      const busPort = await reservedPort(closing);
      const options = { enabled: 'yes', 'config-file': 'nodes.conf', port: String(busPort) };
      const args = Object.entries(options).flatMap(([name, value]) => [`--cluster-${name}`, value]);
      nodes.push(await RedisServer.start(closing, () => args));
      busPorts.push(busPort);
    }
    const cluster = new RedisCluster(nodes);
    await cluster.form(busPorts);
    return cluster;
  }

  /** Connects by one of the packages; `closing` ends what is not killed. */
  async connect(name: PackageName, closing: Closing, user: object = {}): Promise<RedisConnection> {
    return name === 'redis' ? this.nodeRedis(closing, user) : this.ioRedis(closing, user);
  }

  private async nodeRedis(closing: Closing, user: object): Promise<RedisConnection> {
    const rootNodes = this.nodes.map(({ port }) => ({ socket: { host: LOOPBACK, port } }));
    const redis = createCluster({ rootNodes, defaults: user });
    redis.on('error', () => undefined);
    const kill = () => redis.isOpen && redis.destroy();
    closing.add(kill);
    await within(redis.connect(), 'a connection to a cluster');
    return { redis, kill };
  }

  private async ioRedis(closing: Closing, user: object): Promise<RedisConnection> {
    const startupNodes = this.nodes.map(({ port }) => ({ host: LOOPBACK, port }));
    const redis = new Cluster(startupNodes, {
      redisOptions: { disconnectTimeout: 50, ...user },
      enableReadyCheck: false,
    });
    redis.on('error', () => undefined);
    const kill = () => redis.status === 'end' || redis.disconnect();
    closing.add(kill);
    if (redis.status !== 'ready') await within(once(redis, 'ready'), 'a connection to a cluster');
    return { redis, kill };
  }

  /** Gives each node its share of the slots, and lets them find each other. */
  private async form(busPorts: readonly number[]): Promise<void> {
    const share = Math.ceil(SLOTS / MASTERS);
    const connections = this.nodes.map((node) => node.ioRedis());
    for (const [index, { redis }] of connections.entries()) {
      const first = index * share;
      const last = Math.min(first + share, SLOTS) - 1;
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      // Epochs of their own from the start, which nodes have to agree on otherwise.
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const [index, { port }] of this.nodes.entries())
      await connections[0].redis.call('CLUSTER', 'MEET', LOOPBACK, port, busPorts[index]);
    let isFormed = false;
    const look = async (): Promise<void> => {
      const infos = await Promise.all(connections.map(({ redis }) => redis.call('CLUSTER', 'INFO')));
      isFormed = infos.every((info) => /cluster_state:ok[^]*cluster_known_nodes:3/.test(String(info)));
    };
    const timer = setInterval(() => void look(), 50);
    try {
      await waitFor(() => isFormed, 'a cluster that is formed');
    } finally {
      clearInterval(timer);
      for (const { kill } of connections) kill();
    }
  }
}
