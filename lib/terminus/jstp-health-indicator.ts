import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Connection } from '../connection/connection.js';
import type { JstpClient } from '../nest/client/jstp-client.js';
import type { JstpServer } from '../nest/server/jstp-server.js';
import { check, checkNames, isInteger, MAX_TIMER_MS } from '../protocol/option-checks.js';
import type { ServerUsage } from '../server/usage.js';
import { isError } from '../util/errors.js';

const DEFAULT_TIMEOUT_MS = 1000;

/** The options of {@link JstpHealthIndicator.pingCheck}. */
export interface ClientCheckOptions {
  /** How long the server may take to answer the ping, in milliseconds. @default 1000 */
  readonly timeoutMs?: number;
}

/** The options of {@link JstpHealthIndicator.serverCheck}. */
export interface ServerCheckOptions {
  /** How long the session stores may take to answer, in milliseconds. @default 1000 */
  readonly timeoutMs?: number;
  /** From which part of its limit on a budget counts as used up: a number above 0, 1 at most. @default 1 */
  readonly budgetPart?: number;
}

/**
 * Tells `@nestjs/terminus` whether clients and servers of JSTP work. Add it to the providers of a module that imports
 * `TerminusModule`.
 * @example
 * &#64;HealthCheck()
 * &#64;Get('health')
 * check() {
 *   return this.health.check([
 *     () => this.jstp.serverCheck('jstp', this.server),
 *     () => this.jstp.pingCheck('billing', this.billing),
 *   ]);
 * }
 */
@Injectable()
export class JstpHealthIndicator {
  /** Pings that were not answered yet. Why: a server that does not answer must not get one more at each check. */
  private readonly pings = new WeakMap<Connection, Promise<void>>();

  constructor(private readonly indicators: HealthIndicatorService) {}

  /**
   * Pings the server over the connection that a client has. It never connects, and never logs in: a client that is not
   * connected is down.
   * @param key the name of the check in the result
   * @throws ConfigurationError for an option that is not allowed
   */
  async pingCheck<const Key extends string>(
    key: Key,
    client: Pick<JstpClient, 'unwrap'>,
    options: ClientCheckOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    checkNames('options', options, ['timeoutMs']);
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    checkTimeout(timeoutMs);
    return this.attempt(key, async () => {
      const connection = connectionOf(client);
      await within(this.ping(connection), timeoutMs, 'the server has not answered a ping');
    });
  }

  /**
   * Checks that a server listens, has room in each of its budgets, and can reach its session stores.
   * @param key the name of the check in the result
   * @throws ConfigurationError for an option that is not allowed
   */
  async serverCheck<const Key extends string>(
    key: Key,
    server: Pick<JstpServer, 'unwrap'>,
    options: ServerCheckOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    checkNames('options', options, ['timeoutMs', 'budgetPart']);
    const { timeoutMs = DEFAULT_TIMEOUT_MS, budgetPart = 1 } = options;
    checkTimeout(timeoutMs);
    check('budgetPart', budgetPart, 'a number above 0, 1 at most', isPart);
    return this.attempt(key, async () => {
      const core = server.unwrap();
      if (!core.listening) throw new Error('the server does not listen');
      const full = usedUp(core.getUsage(), budgetPart);
      if (full.length > 0) throw new Error(`used up: ${full.join(', ')}`);
      await within(core.checkStores(), timeoutMs, 'a session store has not answered');
    });
  }

  private async attempt<const Key extends string>(
    key: Key,
    run: () => Promise<void>,
  ): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.indicators.check(key);
    try {
      await run();
      return indicator.up();
    } catch (error) {
      return indicator.down(isError(error) ? error.message : String(error));
    }
  }

  private ping(connection: Connection): Promise<void> {
    const ping =
      this.pings.get(connection) ??
      pong(connection).finally(() => {
        this.pings.delete(connection);
      });
    this.pings.set(connection, ping);
    return ping;
  }
}

function connectionOf(client: Pick<JstpClient, 'unwrap'>): Connection {
  try {
    return client.unwrap();
  } catch {
    // Why another text: that of `unwrap` asks for a call of connect().
    throw new Error('the client is not connected');
  }
}

function pong(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.ping((error) => {
      if (!error) resolve();
      // The core's -1 is a bare number.
      else reject(isError(error) ? error : new Error('the connection was lost before the server answered'));
    });
  });
}

async function within(work: Promise<unknown>, timeoutMs: number, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what} within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the names of the budgets of which that part of the limit is used. */
function usedUp(usage: ServerUsage, part: number): string[] {
  return Object.entries(usage).flatMap(([name, { used, limit }]) => (used >= limit * part ? [name] : []));
}

function checkTimeout(timeoutMs: unknown): void {
  check('timeoutMs', timeoutMs, `an integer from 1 to ${MAX_TIMER_MS}`, isInteger(1, MAX_TIMER_MS));
}

function isPart(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= 1;
}
