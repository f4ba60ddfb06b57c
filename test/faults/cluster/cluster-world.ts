import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { bundleProgram, startProgram } from '../../support/bundled-program.js';
import type { Closing } from '../../support/closing.js';
import { waitFor, within } from '../../support/wait-for.js';
import { RedisServer } from '../../redis/redis-server.js';
import { DRAIN_TIMEOUT_MS } from './cluster-ledger.js';
import { FaultClient } from './fault-client.js';
import { FaultServer } from './fault-server.js';

const CHUNK_BYTES = 1 << 16;
const START_LIMIT_MS = 20_000;
/** Heartbeats find a server that is stopped. */
const HEARTBEAT_MS = 500;
const LINE = /^(\S+) (\S+) (\S*) ?(\d*)$/;

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly servers: number;
  readonly clients: number;
  readonly writeThrough: boolean;
  readonly leaseMs: number;
  /** How far away Redis is, in milliseconds each way. */
  readonly redisDelayMs: number;
}

/** Servers in processes of their own over one Redis, clients behind a balancer, and the record of what ran. */
export class ClusterWorld {
  readonly random: SeededRandom;
  /** Those that the balancer sends to. */
  readonly servers: FaultServer[] = [];
  readonly clients: FaultClient[] = [];
  /** Where each client's session was last, by the server's process. */
  private readonly homes = new Map<string, number>();
  private readonly byName = new Map<string, FaultClient>();
  /** The servers that stood still for so long that others may have taken them for dead, in words. */
  readonly stands: string[] = [];
  private readonly recordFile: string;
  private record = 0;
  private unread = '';

  private constructor(
    private readonly options: WorldOptions,
    readonly redis: RedisServer,
    private readonly redisPort: number,
    private readonly program: string,
    private readonly closing: Closing,
  ) {
    this.random = new SeededRandom(options.seed);
    const folder = mkdtempSync(path.join(tmpdir(), 'jstp-faults-'));
    closing.add(() => rmSync(folder, { recursive: true, force: true }));
    this.recordFile = path.join(folder, 'record');
  }

  static async start(options: WorldOptions, closing: Closing): Promise<ClusterWorld> {
    const program = await bundleProgram({ file: 'test/faults/cluster/server-program.ts' }, closing);
    const redis = await RedisServer.start(closing);
    const { redisDelayMs } = options;
    const redisPort = redisDelayMs > 0 ? await putAway(redis.port, redisDelayMs, closing) : redis.port;
    const world = new ClusterWorld(options, redis, redisPort, program, closing);
    await Promise.all(Array.from({ length: options.servers }, () => world.addServer()));
    world.record = openSync(world.recordFile, 'r');
    closing.add(() => closeSync(world.record));
    await Promise.all(Array.from({ length: options.clients }, (_, n) => world.addClient(`c${String(n)}`)));
    // A session that Redis has not heard of yet ends with its server.
    for (const client of world.clients) client.ask();
    await world.settle(START_LIMIT_MS);
    return world;
  }

  /** One more server, to which the balancer sends. */
  async addServer(): Promise<void> {
    const { writeThrough, leaseMs } = this.options;
    const { recordFile, redisPort } = this;
    const settings = { redisPort, recordFile, writeThrough, leaseMs, drainTimeoutMs: DRAIN_TIMEOUT_MS };
    this.servers.push(await FaultServer.start(this.program, settings, this.closing));
  }

  /** Takes a server off the balancer's list. */
  pullServer(server: FaultServer): FaultServer {
    this.servers.splice(this.servers.indexOf(server), 1);
    return server;
  }

  /**
   * Does something to a server that costs its sessions, or calls.
   * @returns the clients whose sessions it had
   */
  async strike(server: FaultServer, blow: () => unknown): Promise<FaultClient[]> {
    this.readRecord();
    for (const { ledger } of this.clients) ledger.expectBlow(server.pid);
    await blow();
    this.readRecord();
    const struck = this.clients.filter(
      ({ name, route }) => route === server || this.homes.get(name) === server.pid,
    );
    for (const client of this.clients) client.ledger.struck(struck.includes(client), client.isLineUp);
    return struck;
  }

  /** Waits until all calls have ended, or for so long. Answers with how many have not. */
  async settle(limitMs: number): Promise<number> {
    const count = (): number => this.clients.reduce((sum, { ledger }) => sum + ledger.open, 0);
    await waitFor(() => count() === 0, 'all answers', limitMs).catch(() => undefined);
    return count();
  }

  /** Takes what the servers have written since into the ledgers. */
  readRecord(): void {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const size = readSync(this.record, chunk);
      if (size === 0) return;
      const lines = (this.unread + chunk.toString('latin1', 0, size)).split('\n');
      this.unread = lines.pop() ?? '';
      for (const line of lines) this.take(line);
    }
  }

  private take(line: string): void {
    const [, first = '', second = '', third = '', process = ''] = LINE.exec(line) ?? [];
    if (first === 'at') this.homes.set(second, Number(third));
    else if (first === 'stood') this.stands.push(`${third} ms in process ${second}`);
    else this.byName.get(first)?.ledger.ran(Number(second), third, Number(process));
  }

  private async addClient(name: string): Promise<void> {
    const random = new SeededRandom(this.random.between(0, 2 ** 31));
    const client = await FaultClient.connect(name, random, this.servers, HEARTBEAT_MS);
    this.byName.set(name, client);
    this.clients.push(client);
    this.closing.add(() => client.close());
  }
}

/** Makes Redis a distance away. Answers with the port to connect to. */
async function putAway(port: number, delayMs: number, closing: Closing): Promise<number> {
  const program = await bundleProgram({ file: 'test/faults/cluster/distance-program.ts' }, closing);
  const child = startProgram(program, [String(port), String(delayMs)], closing);
  const [ownPort] = (await within(once(child, 'message'), 'a proxy that listens', START_LIMIT_MS)) as [
    number,
  ];
  return ownPort;
}
