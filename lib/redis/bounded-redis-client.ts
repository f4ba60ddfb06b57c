import { ConfigurationError } from '../protocol/configuration-error.js';
import { JstpError } from '../protocol/jstp-error.js';
import { isError } from '../util/errors.js';
import { startPatientTimer, stopTimer } from '../util/timer.js';
import { ChannelSubscription, type ChannelListener } from './channel-subscription.js';
import { IoRedisDriver } from './io-redis-driver.js';
import { NodeRedisDriver } from './node-redis-driver.js';
import type { RedisDriver } from './redis-driver.js';
import type { IoRedisLike, NodeRedisLike, RedisLike } from './redis-like.js';
import type { Script } from './script.js';

const ALLOWED = 'a client of redis 5 or 6 (createClient()), or an instance of ioredis 5 or 6';
/** The beginning of the error of a command that needs memory while Redis is at its limit. */
const OUT_OF_MEMORY = 'OOM';
const COMMON_METHODS = ['eval', 'publish', 'subscribe', 'duplicate', 'on'];

/** Wraps an application's client of Redis, so that every command succeeds or fails within a bounded time. */
export class BoundedRedisClient {
  private readonly driver: RedisDriver;

  /**
   * @param redis the application's client; the application opens and closes it
   * @param timeoutMs how long a command may take, in milliseconds
   * @throws ConfigurationError where `redis` is no such client, or where its `connect()` was not called
   */
  constructor(
    redis: RedisLike,
    private readonly timeoutMs: number,
  ) {
    this.driver = driverOf(redis, timeoutMs);
  }

  /**
   * Runs a script.
   * @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis does not answer in time, `ERR_JSTP_STORE_FULL` at its memory
   * limit
   */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.bounded(() => this.evaluate(script, keys, args));
  }

  /** Publishes a text on a channel. @throws JstpError as {@link run} */
  async publish(channel: string, text: string): Promise<void> {
    await this.bounded(() => this.driver.publish(channel, text));
  }

  /**
   * Subscribes to a channel over a second connection, from now on, and again after each outage.
   * @param proofText the text that proves that the second connection is alive. @default a text of the subscription's
   * own
   */
  subscribe(channel: string, listener: ChannelListener, proofText?: string): ChannelSubscription {
    return new ChannelSubscription(this.driver, channel, listener, proofText);
  }

  /** Waits for work, for `timeoutMs` at most. Why: clients queue commands for as long as Redis cannot be reached. */
  bounded<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = startPatientTimer(this.timeoutMs, () => {
        reject(away(`no answer within ${this.timeoutMs} ms`));
      });
      const fail = (error: unknown): void => {
        const reason = reasonOf(error);
        reject(reason.startsWith(OUT_OF_MEMORY) ? full(reason, error) : away(reason, error));
      };
      work()
        .then(resolve, fail)
        .finally(() => {
          stopTimer(timer);
        });
    });
  }

  private async evaluate(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await this.driver.evalSha(script.sha1, keys, args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.driver.eval(script.text, keys, args);
    }
  }
}

function full(what: string, cause: unknown): JstpError {
  return new JstpError(
    'ERR_JSTP_STORE_FULL',
    `Redis has reached its maxmemory (${what}). Who is connected is served on; what needs room is not stored until there ` +
      'is some: give Redis more memory, and the policy noeviction, as any other forgets sessions and whole servers',
    { cause },
  );
}

function away(what: string, cause?: unknown): JstpError {
  return new JstpError('ERR_JSTP_STORE_AWAY', `Redis did not do what it was asked for: ${what}`, { cause });
}

/**
 * Returns an error's text. Why the name: some errors of node-redis, and Node's of a host with several addresses, have
 * no message.
 */
export function reasonOf(error: unknown): string {
  return isError(error) ? error.message || error.name : String(error);
}

function driverOf(redis: unknown, timeoutMs: number): RedisDriver {
  const has = (name: string): boolean =>
    typeof (redis as Record<string, unknown> | null | undefined)?.[name] === 'function';
  if (COMMON_METHODS.every(has)) {
    if (has('evalSha') && has('destroy')) {
      if ((redis as { isOpen?: unknown }).isOpen === false)
        throw new ConfigurationError('redis', redis, 'told to connect first: connect() was not called');
      return new NodeRedisDriver(redis as NodeRedisLike, timeoutMs);
    }
    if (has('evalsha') && has('disconnect')) return new IoRedisDriver(redis as IoRedisLike);
  }
  throw new ConfigurationError('redis', redis, ALLOWED);
}
