import { expect } from '@jest/globals';
import { ClientProxy, ServerTCP, Transport } from '@nestjs/microservices';
import { LOOPBACK } from '../../support/ports.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** Nest 12 repaired parts of its TCP transport; the same release brought the dispatch hook, which is how it is told. */
const isNest12 = 'setOnDispatchHook' in ClientProxy.prototype;

/** The control: what Nest's own TCP transport does for its users. */
export const tcp: TransportUnderTest = {
  name: 'TCP',
  capabilities: {
    cancelsSource: false,
    keepsUndefined: false,
    asyncSerializers: false,
    endHookRunsOnce: isNest12,
    streamsUndefined: isNest12,
    connectsRightAfterClose: isNest12,
    listenersSurviveReconnect: isNest12,
    hasHandles: true,
  },
  addressOf: (port) => expect.objectContaining({ port }),
  createServer: (settings) => new ServerTCP({ host: LOOPBACK, ...settings }),
  microserviceOptions: (settings) => ({ transport: Transport.TCP, options: { host: LOOPBACK, ...settings } }),
  clientProvider: (name, settings) => ({
    name,
    transport: Transport.TCP,
    options: { host: LOOPBACK, ...settings },
  }),
};
