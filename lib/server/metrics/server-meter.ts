import { CallCounter } from '../../connection/metrics/call-metrics.js';
import type { DetailFactory } from '../../connection/metrics/series.js';
import { TrafficMeter } from '../../connection/metrics/traffic-meter.js';
import type { TotalLimit } from '../../protocol/limits.js';
import { now } from '../../util/host.js';
import type { ConnectionRefuser } from '../door/door.js';
import type { RefusalKind } from '../handshake/refusal.js';
import type { ServerEvents } from '../server-events.js';
import type { ConnectionTimeout } from '../sessions/lifetimes.js';
import type { ServerUsage, Usage } from '../usage.js';
import type { BudgetMetrics, CountsBy, ServerMetrics } from './server-metrics.js';

/** What is counted of the server's events. */
type Noted = { readonly [Name in keyof ServerEvents]?: (...args: ServerEvents[Name]) => void };

/** Counts what happens at a server. */
export class ServerMeter {
  /** The calls and events of all connections. Clients do not tell the names of their applications. */
  readonly calls: CallCounter;
  readonly traffic = new TrafficMeter();
  private readonly startedAt = now();
  private opened = 0;
  private ended = 0;
  private logins = 0;
  private resumes = 0;
  private taken = 0;
  private shed = 0;
  private connectionErrors = 0;
  private storageErrors = 0;
  private readonly refusedConnections = new Counts<ConnectionRefuser>();
  private readonly timeouts = new Counts<ConnectionTimeout | 'handshakeTimeoutMs'>();
  private readonly refusedHandshakes = new Counts<RefusalKind>();
  private readonly reached = new Counts<TotalLimit>();
  private readonly noted: Noted = {
    connect: () => (this.logins += 1),
    reconnect: () => (this.resumes += 1),
    disconnect: () => (this.ended += 1),
    sessionTaken: () => (this.taken += 1),
    connectionRefused: ({ by }) => {
      this.refusedConnections.add(by);
    },
    handshakeTimeout: () => {
      this.timeouts.add('handshakeTimeoutMs');
    },
    connectionTimeout: (_connection, limit) => {
      this.timeouts.add(limit);
    },
    handshakeRefused: (_connection, { kind }) => {
      this.refusedHandshakes.add(kind);
    },
    budgetReached: ({ by }) => {
      this.reached.add(by);
    },
    memoryExceeded: () => (this.shed += 1),
    connectionError: () => (this.connectionErrors += 1),
    storageError: () => (this.storageErrors += 1),
  };

  /** @param detailOf makes details of what clients call and emit. @default there are none */
  constructor(detailOf?: DetailFactory) {
    this.calls = new CallCounter('', detailOf);
  }

  /** Counts one of the server's events. */
  note(name: string, args: readonly unknown[]): void {
    const counts = this.noted as Readonly<Partial<Record<string, (...args: unknown[]) => void>>>;
    counts[name]?.(...args);
  }

  /** Counts a connection that was admitted. */
  admitted(): void {
    this.opened += 1;
  }

  read(usage: ServerUsage): ServerMetrics {
    return {
      ageMs: now() - this.startedAt,
      ...this.calls.read(),
      connections: {
        opened: this.opened,
        refused: this.refusedConnections.read(),
        timeouts: this.timeouts.read(),
        ended: this.ended,
      },
      handshakes: { refused: this.refusedHandshakes.read() },
      sessions: { opened: this.logins, resumed: this.resumes, taken: this.taken },
      bytes: this.traffic.read(),
      budgets: budgetsOf(usage),
      budgetsReached: this.reached.read(),
      shed: this.shed,
      errors: { connection: this.connectionErrors, storage: this.storageErrors },
    };
  }
}

/** Counts by name, of a union: the names are bounded. */
class Counts<Name extends string> {
  private readonly counts = new Map<Name, number>();

  add(name: Name): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  read(): CountsBy<Name> {
    return Object.fromEntries(this.counts) as CountsBy<Name>;
  }
}

function budgetsOf(usage: ServerUsage): Record<keyof ServerUsage, BudgetMetrics> {
  const budgets = Object.entries(usage) as [keyof ServerUsage, Usage][];
  const plain = budgets.map(([name, { used, limit }]): [string, BudgetMetrics] => [
    name,
    { used, limit: limit === Infinity ? null : limit },
  ]);
  return Object.fromEntries(plain) as Record<keyof ServerUsage, BudgetMetrics>;
}
