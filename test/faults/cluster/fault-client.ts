import { setTimeout as delay } from 'node:timers/promises';
import {
  net,
  SimpleConnectPolicy,
  type ApplicationLike,
  type Connection,
  type IncomingCall,
} from '../../../lib/core.js';
import { createFaultProxy, type FaultProxy } from '../../../lib/testing/index.js';
import type { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { LOOPBACK } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';
import { ClusterLedger, OPERATIONS, type Operation } from './cluster-ledger.js';
import type { FaultServer } from './fault-server.js';

/** How often each operation is done against the others. */
const WEIGHTS: Readonly<Record<Operation, number>> = { echo: 8, event: 6, slow: 3, ask: 1, count: 2 };
const WEIGHTED = OPERATIONS.flatMap((what) => Array.from({ length: WEIGHTS[what] }, () => what));
const MAX_OPEN_CALLS = 16;
const RETRY_MS = [5, 60] as const;
const LOGIN_LIMIT_MS = 60_000;

/** A time without service that is being measured: from a fault to the first answer of a call made after it. */
interface Probe {
  readonly since: number;
  readonly lastSeq: number;
  readonly ended: (ms: number) => void;
}

/** A client of several servers, behind a balancer that sends each of its lines where it likes. */
export class FaultClient {
  readonly ledger: ClusterLedger;
  /** Where its last line went. */
  route: FaultServer | undefined;
  sessionsLost = 0;
  resumes = 0;
  private readonly probes = new Set<Probe>();
  private isClosed = false;

  private constructor(
    readonly name: string,
    private readonly random: SeededRandom,
    private readonly servers: readonly FaultServer[],
  ) {
    this.ledger = new ClusterLedger(name);
  }

  /** Its way to the servers: a balancer that knows nothing of sessions, whose lines break. */
  balancer!: FaultProxy;
  private connection!: Connection;

  /** @param servers those that a balancer may send it to: read at each line */
  static async connect(
    name: string,
    random: SeededRandom,
    servers: readonly FaultServer[],
    heartbeatInterval: number,
  ): Promise<FaultClient> {
    const client = new FaultClient(name, random, servers);
    const pickPort = (): number => client.pickServer();
    client.balancer = await createFaultProxy({
      get port() {
        return pickPort();
      },
    });
    client.connection = await client.login(heartbeatInterval);
    return client;
  }

  get isLineUp(): boolean {
    return this.connection.handshakeDone;
  }

  /** Sends so many operations, pausing now and then, and waits until few are under way. */
  async send(operations: number, pauseMs: number): Promise<void> {
    for (let sent = 0; sent < operations && !this.isClosed;) {
      if (this.ledger.open < MAX_OPEN_CALLS) {
        this.sendOne(this.random.pick(WEIGHTED));
        sent += 1;
        // Now and then several at once.
        if (this.random.happens(0.3)) continue;
      }
      await delay(this.random.between(0, 2 * pauseMs));
    }
  }

  /** Measures how long the client is without service from now on, in milliseconds. */
  timeWithoutService(): Promise<number> {
    return new Promise((resolve) => {
      const probe: Probe = {
        since: performance.now(),
        lastSeq: this.ledger.sentCount,
        ended: (ms) => {
          this.probes.delete(probe);
          resolve(ms);
        },
      };
      this.probes.add(probe);
    });
  }

  /** A call whose answer shows that the service is there. */
  ask(): void {
    this.sendOne('echo');
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.connection.close();
    await this.balancer.close();
  }

  private pickServer(): number {
    this.route = this.servers.length > 0 ? this.random.pick(this.servers) : undefined;
    // Where none is up, nobody listens.
    return this.route?.port ?? 1;
  }

  private async login(heartbeatInterval: number): Promise<Connection> {
    const connection = await within(
      net.connect(
        'app',
        {
          application: this.application(),
          connectPolicy: new SimpleConnectPolicy(this.name, 'secret'),
          extensions: ['stream', 'cancel', 'bye', 'resume'],
          heartbeatInterval,
          reconnector: (_connection, reconnectFn) => {
            setTimeout(
              () => {
                if (!this.isClosed) reconnectFn();
              },
              this.random.between(...RETRY_MS),
            );
          },
        },
        this.balancer.port,
        LOOPBACK,
      ),
      'a login',
      LOGIN_LIMIT_MS,
    );
    connection.on('error', () => undefined);
    connection.on('close', () => this.ledger.lineLost());
    connection.on('sessionLost', () => (this.sessionsLost += 1));
    connection.on('reconnect', (error) => (this.resumes += error === null ? 1 : 0));
    connection.on('bye', (reason) => {
      if (reason === 'taken') this.ledger.taken();
    });
    return connection;
  }

  /** What the servers call and tell. */
  private application(): ApplicationLike<Connection> {
    const { ledger } = this;
    return {
      name: 'side',
      version: '1.0.0',
      callMethod() {
        throw new Error('handleCall takes all calls');
      },
      getMethods: () => ['double'],
      handleEvent: (_connection, _interface, _event, [seq]) => {
        ledger.told(Number(seq));
      },
      handleCall: (call: IncomingCall<Connection>) => {
        ledger.asked(Number(call.args[0]));
        call.succeed([Number(call.args[0]) * 2]);
      },
    };
  }

  private sendOne(what: Operation): void {
    const { connection, ledger, random, name } = this;
    const seq = ledger.sent(what);
    if (what === 'event') {
      connection.emitRemoteEvent('works', 'told', [name, seq]);
      return;
    }
    const amount = what === 'count' ? random.between(0, 100) : random.between(5, 60);
    let values = 0;
    let hasGap = false;
    const onItem = (value: unknown): void => {
      values += 1;
      hasGap ||= value !== values;
    };
    const ended = (error: unknown, result: unknown): void => {
      const isRight = what === 'count' ? !hasGap && values === amount : result === seq;
      ledger.ended(seq, error, isRight);
      if (error === null) this.served(seq);
    };
    connection.startCall(
      'works',
      what,
      [name, seq, amount],
      ended,
      what === 'count' ? { onItem } : undefined,
    );
  }

  private served(seq: number): void {
    for (const { since, lastSeq, ended } of [...this.probes]) {
      if (seq > lastSeq) ended(performance.now() - since);
    }
  }
}
