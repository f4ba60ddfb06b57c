import { expect } from '@jest/globals';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { JstpClient, JstpServer, type JstpListenerOptions } from '../../../lib/index.js';
import type { ClientAddressOptions } from '../../../lib/nest/client/client-address.js';
import { createMemoryEntry } from '../../../lib/testing/index.js';
import { ca, serverPair } from '../../support/certificates.js';
import { LOOPBACK } from '../../support/ports.js';
import type { EndpointSettings, TransportUnderTest } from './transport-under-test.js';

/** Long enough for a resume on the loopback, short enough for a test to wait for its end. */
const RESUME_TIMEOUT_MS = 200;

/** Calls that nobody answers hold up no test for long. */
const LIMITS = { drainTimeoutMs: 100, closeTimeoutMs: 100 };

/** How both sides are told a transport, for a port. */
interface Ends {
  readonly server: (port: number) => JstpListenerOptions;
  readonly client: (port: number) => ClientAddressOptions;
}

function contender(
  name: string,
  { server, client }: Ends,
  differences: Partial<Pick<TransportUnderTest, 'addressOf'>> & { hasHandles?: boolean } = {},
): TransportUnderTest {
  const { hasHandles = true, addressOf = (port) => expect.objectContaining({ port }) } = differences;
  const optionsOf = ({
    port,
    ...settings
  }: EndpointSettings): ConstructorParameters<typeof JstpServer>[0] => ({
    limits: LIMITS,
    ...settings,
    ...server(port),
  });
  return {
    name,
    capabilities: {
      cancelsSource: true,
      keepsUndefined: true,
      asyncSerializers: true,
      endHookRunsOnce: true,
      streamsUndefined: true,
      connectsRightAfterClose: true,
      listenersSurviveReconnect: true,
      hasHandles,
    },
    addressOf,
    createServer: (settings) => new JstpServer(optionsOf(settings)),
    microserviceOptions: (settings) => ({ strategy: new JstpServer(optionsOf(settings)) }),
    clientProvider: (provided, { port, ...settings }) => ({
      name: provided,
      customClass: JstpClient,
      options: { resumeTimeoutMs: RESUME_TIMEOUT_MS, limits: LIMITS, ...settings, ...client(port) },
    }),
  };
}

const host = LOOPBACK;
const socketPath = (port: number): string => path.join(tmpdir(), `jstp-contract-${String(port)}.sock`);
const memory = createMemoryEntry();

/** This package over each of its transports. */
export const CONTENDERS = {
  net: contender('JSTP', { server: (port) => ({ host, port }), client: (port) => ({ host, port }) }),
  ipc: contender(
    'JSTP over IPC',
    { server: (port) => ({ path: socketPath(port) }), client: (port) => ({ path: socketPath(port) }) },
    { addressOf: socketPath },
  ),
  tls: contender('JSTP over TLS', {
    server: (port) => ({ transport: 'tls', host, port, ...serverPair }),
    client: (port) => ({ transport: 'tls', host, port, connectOptions: { ca } }),
  }),
  ws: contender('JSTP over WebSocket', {
    server: (port) => ({ transport: 'ws', host, port, path: '/jstp' }),
    client: (port) => ({ transport: 'ws', host, port, path: '/jstp' }),
  }),
  wss: contender('JSTP over secure WebSocket', {
    server: (port) => ({ transport: 'wss', host, port, ...serverPair }),
    client: (port) => ({ url: `wss://${host}:${String(port)}`, connectOptions: { ca } }),
  }),
  memory: contender(
    'JSTP in memory',
    { server: (port) => ({ transport: memory, port }), client: (port) => ({ transport: memory, port }) },
    { hasHandles: false },
  ),
};
