import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import {
  Application,
  net,
  SimpleConnectPolicy,
  type ClientOptions,
  type Connection,
} from '../../lib/core.js';
import type { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/free-port.js';
import { waitFor, within } from '../support/wait-for.js';
import type { InstanceSettings } from './cluster-instance.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Report {
  readonly port?: number;
  readonly ran?: string;
  readonly drained?: boolean;
  readonly taken?: boolean;
}

/** A server in a process of its own. */
export class Instance {
  /** What it has told. */
  readonly reports: Report[] = [];

  constructor(private readonly child: ChildProcess) {
    child.on('message', (report: Report) => this.reports.push(report));
  }

  get port(): number {
    return this.reports.find(({ port }) => port !== undefined)?.port ?? 0;
  }

  /** Waits until a held method runs. */
  async runs(name: string): Promise<void> {
    await waitFor(() => this.reports.some(({ ran }) => ran === name), `${name} to run`);
  }

  /** Lets a held method answer. */
  release(name: string): void {
    this.child.send({ release: name });
  }

  /** Sends an event to its clients, those that are away too. */
  emit(text: string): void {
    this.child.send({ emit: text });
  }

  /** Begins to hand over its sessions. */
  drain(): void {
    this.child.send({ drain: true });
  }

  /** Waits for its end, after a drain. */
  async gone(): Promise<void> {
    if (this.child.exitCode === null) await within(once(this.child, 'exit'), 'the end of an instance');
  }

  /** Ends it where it is. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await within(ended, 'the end of an instance');
  }
}

/** Instances that share a Redis, and clients that come back where they are told to. */
export class Cluster {
  private program: Promise<string> | undefined;

  constructor(
    private readonly closing: Closing,
    private readonly redisPort: number,
  ) {}

  /** Starts an instance. */
  async start(settings: Partial<InstanceSettings> = {}): Promise<Instance> {
    this.program ??= this.bundle();
    const whole: InstanceSettings = {
      redisPort: this.redisPort,
      writeThrough: false,
      leaseMs: 600,
      drainTimeoutMs: 10_000,
      ...settings,
    };
    const child = fork(await this.program, [JSON.stringify(whole)], { execArgv: [], stdio: 'inherit' });
    const instance = new Instance(child);
    this.closing.add(() => instance.kill());
    await waitFor(() => instance.port !== 0, 'an instance that listens');
    return instance;
  }

  /** Logs in at an instance. The client comes back, at once and until it is let in, where `home` points. */
  async connect(home: { at: Instance }, options: ClientOptions = {}): Promise<Client> {
    const told: string[] = [];
    const news = { told: (_connection: Connection, text: string) => told.push(text) };
    const connection = await within(
      net.connect(
        'app',
        {
          application: new Application<Connection>('client', {}, { news }),
          connectPolicy: new SimpleConnectPolicy('ann', 'secret'),
          extensions: ['stream', 'cancel', 'bye', 'resume'],
          reconnector: (_connection, reconnectFn) => {
            setTimeout(() => reconnectFn(home.at.port, LOOPBACK), 20);
          },
          ...options,
        },
        home.at.port,
        LOOPBACK,
      ),
      'a login',
    );
    this.closing.add(() => connection.close());
    return { connection, told };
  }

  /** One file of the instance's program, as Node runs it. */
  private async bundle(): Promise<string> {
    // Beside the packages that it imports.
    const folder = mkdtempSync(path.join(ROOT, 'node_modules/.jstp-cluster-'));
    this.closing.add(() => rmSync(folder, { recursive: true, force: true }));
    const outfile = path.join(folder, 'instance.mjs');
    await build({
      entryPoints: [path.join(ROOT, 'test/redis/cluster-instance.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'error',
    });
    return outfile;
  }
}

/** A client of the cluster. */
export interface Client {
  readonly connection: Connection;
  /** The texts of the events that it got. */
  readonly told: readonly string[];
}
