import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { RedisSessionStorageProvider } from '../../lib/redis/index.js';
import { sessionStorageCases, type SessionStorageSuiteOptions } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { PACKAGES, RedisServer, type PackageName } from './redis-server.js';

// Far beyond what a loaded machine holds a renewal up.
const LEASE_MS = 1000;
const CLAIM_TIMEOUT_MS = 500;
// A thousand commands at once, on a machine that does other things besides.
const COMMAND_TIMEOUT_MS = 15_000;

const closing = new Closing();
let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start(closing);
});
afterAll(() => closing.run());

/** What the suite has to do with providers over one package. */
function suiteOf(name: PackageName, writeThrough: boolean): SessionStorageSuiteOptions {
  let stores = 0;
  const kills = new Map<unknown, () => unknown>();
  const make = async (): Promise<RedisSessionStorageProvider> => {
    const { redis, kill } = await server.connect(name);
    const provider = new RedisSessionStorageProvider(redis, {
      keyPrefix: `{${name} ${String(writeThrough)} ${stores}}:`,
      leaseMs: LEASE_MS,
      claimTimeoutMs: CLAIM_TIMEOUT_MS,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      writeThrough,
    });
    kills.set(provider, kill);
    return provider;
  };
  return {
    create: () => {
      stores += 1;
      return make();
    },
    createSecond: make,
    kill: (provider) => kills.get(provider)?.(),
    destroy: (provider) => kills.get(provider)?.(),
    dump: () => server.dump(),
  };
}

describe.each(PACKAGES)('RedisSessionStorageProvider over %s', (name) => {
  describe.each([
    ['without write-through', false],
    ['with write-through', true],
  ])('%s', (_title, writeThrough) => {
    for (const { name: title, run } of sessionStorageCases(suiteOf(name, writeThrough))) test(title, run);
  });
});
