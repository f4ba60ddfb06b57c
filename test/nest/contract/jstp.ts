import { JstpClient, JstpServer } from '../../../lib/index.js';
import { LOOPBACK } from '../../support/free-port.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** Long enough for a resume on the loopback, short enough for a test to wait for its end. */
const RESUME_TIMEOUT_MS = 200;

export const jstp: TransportUnderTest = {
  name: 'JSTP',
  capabilities: {
    cancelsSource: true,
    keepsUndefined: true,
    asyncSerializers: true,
    endHookRunsOnce: true,
    streamsUndefined: true,
    connectsRightAfterClose: true,
    listenersSurviveReconnect: true,
  },
  createServer: (settings) => new JstpServer({ host: LOOPBACK, ...settings }),
  microserviceOptions: (settings) => ({ strategy: new JstpServer({ host: LOOPBACK, ...settings }) }),
  clientProvider: (name, settings) => ({
    name,
    customClass: JstpClient,
    options: { host: LOOPBACK, resumeTimeoutMs: RESUME_TIMEOUT_MS, ...settings },
  }),
};
