import type { Connection } from '../../connection/connection.js';
import { sendAway, useOf, type ConnectionUse } from '../../connection/serving.js';
import type { Limits } from '../../protocol/limits.js';
import { DeadlineQueue } from '../../util/deadline-queue.js';
import { randomUpTo } from '../../util/random.js';

/** How many times within `idleTimeoutMs` a connection is looked at. */
const CHECKS = 4;
/** The part of `maxConnectionAgeMs` by which connections may be older, and in how many steps they end within it. */
const SPREAD = 0.1;
const SPREAD_STEPS = 100;

/** The limit that ends a connection which has done nothing wrong. */
export type ConnectionTimeout = 'idleTimeoutMs' | 'maxConnectionAgeMs';

/** How a connection was used, when it was looked at last. */
interface Look {
  use: ConnectionUse;
  /** How many looks in a row have seen nothing. */
  quiet: number;
}

/**
 * Ends connections of clients that are idle, or old. Their sessions stay. A connection is looked at a few times within its
 * time, so that messages cost nothing, and all connections share a few timers.
 */
export class Lifetimes {
  private readonly looks = new Map<Connection, Look>();
  private readonly idle: DeadlineQueue<Connection> | undefined;
  /** The queues in which connections grow old; each is a little longer than the one before. */
  private readonly ages: (DeadlineQueue<Connection> | undefined)[] = [];
  private readonly ageOf = new Map<Connection, DeadlineQueue<Connection>>();

  /**
   * @param limits the times
   * @param onTimeout called with a connection that is about to end
   */
  constructor(
    private readonly limits: Limits,
    private readonly onTimeout: (connection: Connection, limit: ConnectionTimeout) => void,
  ) {
    const { idleTimeoutMs } = limits;
    if (idleTimeoutMs === 0) return;
    this.idle = new DeadlineQueue(Math.ceil(idleTimeoutMs / CHECKS), (connection) => {
      this.look(connection);
    });
  }

  /** A client has logged in, or has come back: its time begins. */
  entered(connection: Connection): void {
    const { idle } = this;
    if (idle) {
      this.looks.set(connection, { use: useOf(connection), quiet: 0 });
      idle.add(connection);
    }
    if (this.limits.maxConnectionAgeMs === 0) return;
    this.ageOf.get(connection)?.delete(connection);
    const age = this.pickAge();
    this.ageOf.set(connection, age);
    age.add(connection);
  }

  /** The transport of a connection is lost. */
  left(connection: Connection): void {
    this.looks.delete(connection);
    this.idle?.delete(connection);
    this.ageOf.get(connection)?.delete(connection);
    this.ageOf.delete(connection);
  }

  private look(connection: Connection): void {
    const look = this.looks.get(connection);
    if (!look) return;
    const before = look.use;
    look.use = useOf(connection);
    // What was under way at the last look has ended since, or goes on; what has begun since was heard, or sent.
    const isUsed = look.use.hasHeard || before.isBusy || look.use.sent !== before.sent;
    look.quiet = isUsed ? 0 : look.quiet + 1;
    if (look.quiet < CHECKS) this.idle?.add(connection);
    else this.end(connection, 'idleTimeoutMs');
  }

  private pickAge(): DeadlineQueue<Connection> {
    const step = randomUpTo(SPREAD_STEPS);
    const ageMs = Math.ceil(this.limits.maxConnectionAgeMs * (1 + (SPREAD * step) / SPREAD_STEPS));
    return (this.ages[step] ??= new DeadlineQueue(ageMs, (connection) => {
      this.end(connection, 'maxConnectionAgeMs');
    }));
  }

  private end(connection: Connection, limit: ConnectionTimeout): void {
    this.left(connection);
    this.onTimeout(connection, limit);
    const { drainTimeoutMs, closeTimeoutMs } = this.limits;
    void sendAway(connection, limit === 'maxConnectionAgeMs', drainTimeoutMs, closeTimeoutMs);
  }
}
