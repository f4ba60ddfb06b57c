import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterWorld, WorldOptions } from './cluster-world.js';
import type { FaultClient } from './fault-client.js';

/** Something that happens to a world while its clients send; told of the times without service that it costs. */
export type ClusterFault = (world: ClusterWorld, measure: Measure) => Promise<void>;

/** Notes how long these clients are without service from now on. */
export type Measure = (what: string, clients: readonly FaultClient[]) => void;

/** A kind of run. */
export interface Scenario extends Pick<WorldOptions, 'writeThrough' | 'leaseMs' | 'redisDelayMs'> {
  readonly faults: readonly ClusterFault[];
  /** Milliseconds between two faults. */
  readonly pauseMs: readonly [number, number];
  /** The other servers take one that says nothing for dead. */
  readonly losesSessions?: boolean;
}

const LEASE_MS = 10_000;
/** Beyond the pauses of processes on a machine that is busy. */
const SHORT_LEASE_MS = 2000;

/** The balancer breaks a client's line, twice at times, or all of them, and may refuse new ones for a while. */
const flap: ClusterFault = async ({ clients, random }) => {
  const some = random.happens(0.2) ? clients : [random.pick(clients)];
  const isRefusing = random.happens(0.15);
  for (let cuts = random.between(1, 3); cuts > 0; cuts--) {
    for (const { balancer } of some) {
      balancer.isRefusing = isRefusing;
      const way = random.between(0, 5);
      if (way === 0) balancer.end();
      else if (way === 1) balancer.cutAfter(random.between(0, 400), random.pick(['toServer', 'toClient']));
      else balancer.cut();
    }
    await delay(random.between(0, 250));
  }
  for (const { balancer } of some) balancer.isRefusing = false;
};

/** A server is replaced, as a rolling deploy does it: the new one comes first. */
const drain: ClusterFault = async (world, measure) => {
  const [first] = world.servers;
  await world.addServer();
  const server = world.pullServer(first);
  measure(
    'drain',
    world.clients.filter(({ route }) => route === server),
  );
  await server.drain();
};

const kill: ClusterFault = async (world, measure) => {
  const server = world.pullServer(world.random.pick(world.servers));
  const struck = await world.strike(server, () => server.kill());
  measure('kill', struck);
  await world.addServer();
};

/** A server stands still for less than its lease. */
const stopServer: ClusterFault = async ({ servers, random }) => {
  const server = random.pick(servers);
  server.pause();
  await delay(random.between(50, 2500));
  server.resume();
};

/** A server stands still for longer than its lease: the others take it for dead. */
const stopBeyondLease: ClusterFault = async (world, measure) => {
  const server = world.random.pick(world.servers);
  const struck = await world.strike(server, () => server.pause());
  measure('failover', struck);
  await delay(2 * SHORT_LEASE_MS);
  server.resume();
};

const stopRedis: ClusterFault = async ({ redis, random }) => {
  redis.pause();
  await delay(random.pick([40, 300, 1000, 2500]));
  redis.resume();
};

/** Redis takes no more than it has, for longer than a lease at times. */
const fillRedis: ClusterFault = async ({ redis, random }) => {
  await redis.configure('maxmemory', '1');
  await delay(random.pick([100, 1000, 2 * SHORT_LEASE_MS]));
  await redis.configure('maxmemory', '0');
};

/** A fault, and lines that break while it lasts. */
const whileFlapping =
  (fault: ClusterFault): ClusterFault =>
  async (world, measure) => {
    const end = new AbortController();
    const whole = fault(world, measure).finally(() => {
      end.abort();
    });
    while (!end.signal.aborted) {
      await flap(world, measure);
      await Promise.race([whole, delay(300)]);
    }
    await whole;
  };

/** The kinds of runs, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  flap: { writeThrough: false, leaseMs: LEASE_MS, redisDelayMs: 0, faults: [flap], pauseMs: [50, 250] },
  'flap, write-through': {
    writeThrough: true,
    leaseMs: LEASE_MS,
    redisDelayMs: 0,
    faults: [flap],
    pauseMs: [50, 250],
  },
  drain: {
    writeThrough: false,
    leaseMs: LEASE_MS,
    redisDelayMs: 0,
    faults: [drain, whileFlapping(drain)],
    pauseMs: [100, 400],
  },
  'drain, write-through': {
    writeThrough: true,
    leaseMs: LEASE_MS,
    redisDelayMs: 5,
    faults: [drain, whileFlapping(drain)],
    pauseMs: [100, 400],
  },
  kill: {
    writeThrough: false,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 0,
    faults: [kill],
    pauseMs: [500, 1500],
    losesSessions: true,
  },
  'kill, write-through': {
    writeThrough: true,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 0,
    faults: [kill],
    pauseMs: [500, 1500],
  },
  'stop servers': {
    writeThrough: false,
    leaseMs: LEASE_MS,
    redisDelayMs: 0,
    faults: [stopServer, whileFlapping(stopServer)],
    pauseMs: [100, 500],
  },
  'stop servers beyond the lease': {
    writeThrough: false,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 0,
    faults: [stopBeyondLease],
    pauseMs: [500, 1500],
    losesSessions: true,
  },
  'stop servers beyond the lease, write-through': {
    writeThrough: true,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 0,
    faults: [stopBeyondLease],
    pauseMs: [500, 1500],
  },
  'stop Redis': {
    writeThrough: false,
    leaseMs: LEASE_MS,
    redisDelayMs: 0,
    faults: [stopRedis, whileFlapping(stopRedis)],
    pauseMs: [100, 500],
  },
  'stop Redis, write-through': {
    writeThrough: true,
    leaseMs: LEASE_MS,
    redisDelayMs: 0,
    faults: [stopRedis, whileFlapping(stopRedis)],
    pauseMs: [100, 500],
  },
  'Redis at a distance': {
    writeThrough: false,
    leaseMs: LEASE_MS,
    redisDelayMs: 20,
    faults: [flap, flap, flap, drain],
    pauseMs: [50, 300],
  },
  'Redis at a distance, write-through': {
    writeThrough: true,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 10,
    faults: [flap, flap, drain, kill],
    pauseMs: [50, 300],
  },
  'Redis full': {
    writeThrough: false,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 0,
    faults: [fillRedis, whileFlapping(fillRedis)],
    pauseMs: [100, 500],
  },
  'Redis full, write-through': {
    writeThrough: true,
    leaseMs: SHORT_LEASE_MS,
    redisDelayMs: 0,
    faults: [fillRedis, whileFlapping(fillRedis)],
    pauseMs: [100, 500],
  },
};
