import { JstpClient, JstpServer } from 'nestjs-jstp';
import { authority, serverCertificate } from './certificates.js';
import { everythingOff } from './everything-off.js';
import { limitNestExtensions } from './extensions.js';
import { manyConnections } from './many-connections.js';
import { nestClient, startNest } from './nest-application.js';
import { portOf } from './port.js';

/** @import { Contender } from '../types.js' */
/** @import { JstpClientOptions, JstpServerOptions } from 'nestjs-jstp' */

const HOST = '127.0.0.1';

/**
 * @param {() => object} serverOptions
 * @param {() => object} clientOptions
 * @returns {Contender}
 */
function createContender(serverOptions, clientOptions) {
  return {
    async startServer({ handlers, resume, metrics }) {
      limitNestExtensions(resume);
      const options = /** @type {JstpServerOptions} */ ({
        host: HOST,
        port: 0,
        metrics: metrics !== undefined,
        ...manyConnections(),
        ...serverOptions(),
      });
      const strategy = new JstpServer(options);
      const { app, received } = await startNest({ strategy }, handlers);
      return { port: portOf(strategy.unwrap()), received, close: () => app.close() };
    },
    connect({ handlers, resume, metrics }, port) {
      limitNestExtensions(resume);
      const options = /** @type {JstpClientOptions} */ ({
        host: HOST,
        port,
        metrics: metrics === 'both',
        ...clientOptions(),
      });
      return nestClient(new JstpClient(options), handlers);
    },
  };
}

/** This package through Nest. */
export const overNet = createContender(
  () => ({}),
  () => ({}),
);

/** With its defaults, where the other contenders let all clients of a benchmark in. */
export const withDefaults = createContender(
  () => ({ limits: {} }),
  () => ({}),
);

/** Without limits, budgets and heartbeats. */
export const withoutLimits = createContender(everythingOff, everythingOff);

export const overTls = createContender(
  () => ({ transport: 'tls', ...serverCertificate() }),
  () => ({ transport: 'tls', connectOptions: authority() }),
);

export const overWebSocket = createContender(
  () => ({ transport: 'ws' }),
  () => ({ transport: 'ws' }),
);
