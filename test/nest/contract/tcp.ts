import { expect } from '@jest/globals';
import { ServerTCP, Transport } from '@nestjs/microservices';
import { isNest12 } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** The control: what Nest's own TCP transport does for its users. Nest 12 repaired parts of it. */
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
