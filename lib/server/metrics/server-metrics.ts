import type { CallMetrics } from '../../connection/metrics/call-metrics.js';
import type { Traffic } from '../../connection/metrics/traffic-meter.js';
import type { TotalLimit } from '../../protocol/limits.js';
import type { ConnectionRefuser } from '../door/door.js';
import type { RefusalKind } from '../handshake/refusal.js';
import type { ConnectionTimeout } from '../sessions/lifetimes.js';
import type { ServerUsage } from '../usage.js';

/** How much of a budget is used, as plain numbers. */
export interface BudgetMetrics {
  /** What is used now. */
  readonly used: number;
  /** The limit. null: there is none. */
  readonly limit: number | null;
}

/** Counts by name; a name that has not occurred is missing. */
export type CountsBy<Name extends string> = Readonly<Partial<Record<Name, number>>>;

/**
 * What a server has counted, see `Server.getMetrics`: plain data, safe for `JSON.stringify`. Counts begin `ageMs` ago. All
 * names are declared ones, in a bounded number.
 */
export interface ServerMetrics extends CallMetrics {
  /** For how long there were counts, in milliseconds. */
  readonly ageMs: number;
  /** Connections. */
  readonly connections: {
    /** Those that were admitted. */
    readonly opened: number;
    /** Those that were refused at once, or have made room for others before their login, by the limit or option. */
    readonly refused: CountsBy<ConnectionRefuser>;
    /** Those that have ended by a limit of time: 'handshakeTimeoutMs', 'idleTimeoutMs' or 'maxConnectionAgeMs'. */
    readonly timeouts: CountsBy<ConnectionTimeout | 'handshakeTimeoutMs'>;
    /** Connections of clients that have ended, on purpose or not. */
    readonly ended: number;
  };
  /** Handshakes that were refused, by what was refused; `later` are resumes that were put off. */
  readonly handshakes: { readonly refused: CountsBy<RefusalKind> };
  /** Sessions. */
  readonly sessions: {
    /** Logins: each has a session of its own. */
    readonly opened: number;
    /** Resumes. */
    readonly resumed: number;
    /** Sessions that another client object has taken from a connected client. */
    readonly taken: number;
  };
  /** Bytes, as the sockets count them. Connections in memory have none. */
  readonly bytes: Traffic;
  /** The budgets, see `Server.getUsage`. */
  readonly budgets: Readonly<Record<keyof ServerUsage, BudgetMetrics>>;
  /** How often a total has made clients wait; once in ten seconds at most for each. */
  readonly budgetsReached: CountsBy<TotalLimit>;
  /** How often load was shed, as the process had too little memory left. */
  readonly shed: number;
  /** Errors: of connections and of applications on them, and of session stores. */
  readonly errors: { readonly connection: number; readonly storage: number };
}
