import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  Application,
  net,
  SimpleConnectPolicy,
  type ClientOptions,
  type Connection,
} from '../../lib/core.js';
import { bundleProgram, killProgram, startProgram } from '../support/bundled-program.js';
import type { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';
import type { InstanceSettings } from './cluster-instance.js';

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
  kill(): Promise<void> {
    return killProgram(this.child);
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
    this.program ??= bundleProgram({ file: 'test/redis/cluster-instance.ts' }, this.closing);
    const whole: InstanceSettings = {
      redisPort: this.redisPort,
      writeThrough: false,
      leaseMs: 600,
      drainTimeoutMs: 10_000,
      ...settings,
    };
    const instance = new Instance(startProgram(await this.program, [JSON.stringify(whole)], this.closing));
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
}

/** A client of the cluster. */
export interface Client {
  readonly connection: Connection;
  /** The texts of the events that it got. */
  readonly told: readonly string[];
}
