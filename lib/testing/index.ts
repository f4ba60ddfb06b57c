/**
 * For the tests of applications: JSTP without sockets, `nestjs-jstp/testing`.
 * @module nestjs-jstp/testing
 */
export { createMemoryEntry } from '../transport/memory/memory.js';
export { createTestingPair, cutLine, type TestingPair, type TestingPairOptions } from './testing-pair.js';
export { createFaultEntry, type FaultEntry, type FaultOptions } from './fault-entry.js';
export type { FaultLink } from './fault-link.js';
export { createFaultProxy, type FaultProxy, type FaultProxyOptions } from './fault-proxy.js';
export type { ProxiedLink } from './proxied-link.js';
export { sessionStorageCases, type SessionStorageCase } from './session-storage-suite.js';
export type { SessionStorageSuiteOptions } from './session-storage-world.js';
