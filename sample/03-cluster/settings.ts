/** All of it stays on this machine. */
export const HOST = '127.0.0.1';

/**
 * For how long an instance that is not heard of keeps its sessions: the time that passes, after a SIGKILL, before
 * another may have them. Shorter than the default of ten seconds, so that nobody has to wait for it here; a process
 * that may be held up for longer (by its own code, by a busy machine) wants a longer one.
 */
export const LEASE_MS = 1000;

/** What an instance is told by its environment. */
export interface InstanceSettings {
  /** Its name in what is printed. */
  readonly name: string;
  readonly redisUrl: string;
  /** What all keys and channels in Redis begin with: the same for all instances, another at each run. */
  readonly keyPrefix: string;
}

/** The settings as an environment. */
export function toEnvironment({ name, redisUrl, keyPrefix }: InstanceSettings): NodeJS.ProcessEnv {
  return { INSTANCE_NAME: name, REDIS_URL: redisUrl, KEY_PREFIX: keyPrefix };
}

/** The settings of this process. */
export function readEnvironment(): InstanceSettings {
  const { INSTANCE_NAME = 'A', REDIS_URL = 'redis://127.0.0.1:6379', KEY_PREFIX = '{jstp}:' } = process.env;
  return { name: INSTANCE_NAME, redisUrl: REDIS_URL, keyPrefix: KEY_PREFIX };
}

/** Where it is counted how often each call ran: outside of the instances, whose own counts would die with them. */
export function executionsKey(keyPrefix: string): string {
  return `${keyPrefix}executions`;
}
