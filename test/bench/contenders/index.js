/** @import { Contender } from '../types.js' */

/**
 * The contenders' modules by name, loaded only where one is used: none must cost another its memory.
 * @type {Readonly<Record<string, () => Promise<Contender>>>}
 */
const LOADERS = {
  nest: async () => (await import('./nest-jstp.js')).overNet,
  'nest-tls': async () => (await import('./nest-jstp.js')).overTls,
  'nest-ws': async () => (await import('./nest-jstp.js')).overWebSocket,
  core: async () => (await import('./core.js')).overNet,
  'nest-defaults': async () => (await import('./nest-jstp.js')).withDefaults,
  'nest-off': async () => (await import('./nest-jstp.js')).withoutLimits,
  'core-defaults': async () => (await import('./core.js')).withDefaults,
  'core-off': async () => (await import('./core.js')).withoutLimits,
  'core-tls': async () => (await import('./core.js')).overTls,
  'core-ws': async () => (await import('./core.js')).overWebSocket,
  'nest-tcp': async () => (await import('./nest-tcp.js')).nestTcp,
  'nest-nats': async () => (await import('./nest-brokers.js')).nestNats,
  'nest-redis': async () => (await import('./nest-brokers.js')).nestRedis,
  reference: async () => (await import('./reference.js')).reference,
  floor: async () => (await import('./floor.js')).overNet,
  'floor-tls': async () => (await import('./floor.js')).overTls,
  'floor-ws': async () => (await import('./floor-websocket.js')).floorWebSocket,
  'floor-bytes': async () => (await import('./floor-bytes.js')).floorBytes,
  'socket-io': async () => (await import('./socket-io.js')).socketIo,
  socket: async () => (await import('./socket.js')).socket,
  greeting: async () => (await import('./greeting.js')).greeting,
};

/**
 * Whether it has a server and clients; others are measured without any, as the import of a package.
 * @param {string} name
 */
export function isContender(name) {
  return Object.hasOwn(LOADERS, name);
}

/** @param {string} name */
export async function loadContender(name) {
  if (!Object.hasOwn(LOADERS, name)) throw new Error(`There is no contender '${name}'`);
  return await LOADERS[name]();
}

/**
 * How the tables call the contenders, and the parts of a comparison within one process.
 * @type {Readonly<Record<string, string | undefined>>}
 */
const LABELS = {
  nest: 'nestjs-jstp through Nest',
  'nest-tls': 'nestjs-jstp through Nest, tls',
  'nest-ws': 'nestjs-jstp through Nest, ws',
  'nest-defaults': 'nestjs-jstp through Nest, defaults',
  'nest-off': 'nestjs-jstp through Nest, without limits and heartbeats',
  'core-defaults': 'nestjs-jstp/core, defaults',
  'core-off': 'nestjs-jstp/core, without limits and heartbeats',
  core: 'nestjs-jstp/core',
  'core-tls': 'nestjs-jstp/core, tls',
  'core-ws': 'nestjs-jstp/core, ws',
  'nest-tcp': "Nest's TCP",
  'nest-nats': "Nest's NATS",
  'nest-redis': "Nest's Redis",
  reference: '@metarhia/jstp',
  floor: 'floor: NUL-framed JSON, bare socket',
  'floor-tls': 'floor: NUL-framed JSON, bare tls',
  'floor-ws': 'floor: JSON, bare ws',
  'floor-bytes': 'floor: raw bytes, bare socket',
  'socket-io': 'Socket.IO',
  socket: 'bare socket',
  greeting: 'bare socket that greets',
  jstp: 'nestjs-jstp',
  json: 'JSON',
};

/** @param {string} name */
export function labelOf(name) {
  return LABELS[name] ?? name;
}
