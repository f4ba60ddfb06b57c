/** Where a script's keys and arguments go, in the calls of node-redis. */
interface NodeRedisEvalOptions {
  keys: string[];
  arguments: string[];
}

/** A client of the package `redis`, 5 or 6 (`createClient()`), as far as it is used here. */
export interface NodeRedisLike {
  eval(script: string, options: NodeRedisEvalOptions): Promise<unknown>;
  evalSha(sha1: string, options: NodeRedisEvalOptions): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  duplicate(): object;
}

/** An instance of the package `ioredis`, 5 or 6, as far as it is used here. */
export interface IoRedisLike {
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  duplicate(): object;
}

/** A connection to Redis: a client of `redis` that was told to connect, or an instance of `ioredis`. */
export type RedisLike = NodeRedisLike | IoRedisLike;
