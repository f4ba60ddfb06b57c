/**
 * Sessions and events of several servers, through Redis: `nestjs-jstp/redis`.
 * @module nestjs-jstp/redis
 */
export type { RedisBroadcasterOptions, RedisSessionStorageOptions } from './options.js';
export { RedisBroadcaster, type BroadcastClient, type BroadcastTarget } from './redis-broadcaster.js';
export type { IoRedisLike, NodeRedisLike, RedisLike } from './redis-like.js';
export { RedisSessionStorageProvider } from './redis-session-storage-provider.js';
