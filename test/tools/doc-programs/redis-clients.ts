/** "Redis of other kinds": the store takes each of the clients. */
import assert from 'node:assert/strict';
import { RedisSessionStorageProvider, type RedisLike } from 'nestjs-jstp/redis';
import { cluster, sentinel, secured } from './redis-clients.js';

const clients: [RedisLike & { isOpen: boolean }, string][] = [
  [cluster, 'cluster'],
  [sentinel, 'sentinel'],
  [secured, 'secured'],
];
for (const [client, name] of clients) {
  // None of them is connected here, which is all that the store has against them.
  assert.equal(client.isOpen, false, name);
  assert.throws(() => new RedisSessionStorageProvider(client), /connect\(\) was not called/, name);
}
