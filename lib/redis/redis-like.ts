/** The keys and arguments of a script, in the calls of node-redis. */
interface NodeRedisEvalOptions {
  /** The keys that the script uses. */
  keys: string[];
  /** The other arguments of the script. */
  arguments: string[];
}

/** The part of a client of the package `redis`, 5 or 6 (`createClient()`), that is used here. */
export interface NodeRedisLike {
  /** Runs the text of a script. */
  eval(script: string, options: NodeRedisEvalOptions): Promise<unknown>;
  /** Runs a script that Redis knows already, by its SHA-1 in hexadecimal. */
  evalSha(sha1: string, options: NodeRedisEvalOptions): Promise<unknown>;
  /** Publishes a message on a channel. */
  publish(channel: string, message: string): Promise<unknown>;
  /** Makes a second client with the options of this one; it is used to listen to a channel. */
  duplicate(): object;
}

/** The part of an instance of the package `ioredis`, 5 or 6, that is used here. */
export interface IoRedisLike {
  /** Runs the text of a script. */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Runs a script that Redis knows already, by its SHA-1 in hexadecimal. */
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Publishes a message on a channel. */
  publish(channel: string, message: string): Promise<unknown>;
  /** Makes a second instance with the options of this one; it is used to listen to a channel. */
  duplicate(): object;
}

/** A client of Redis: one of the package `redis` whose `connect()` was called, or an instance of `ioredis`. */
export type RedisLike = NodeRedisLike | IoRedisLike;
