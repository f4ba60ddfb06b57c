import { JstpClient, JstpServer } from 'nestjs-jstp';
import { authority, serverCertificate } from './certificates.js';
import { everythingOff } from './everything-off.js';
import { limitNestExtensions } from './extensions.js';
import { manyConnections } from './many-connections.js';
import { nestClient, startNest } from './nest-application.js';
import { portOf } from './port.js';

/** @import { Contender, Settings } from '../types.js' */
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
        metrics: metrics === 'server' || metrics === 'both',
        ...(isAdministered(metrics) && { administration: { guard: { canActivate: () => true } } }),
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
      const client = new JstpClient(options);
      if (metrics === 'watched') void watch(client);
      return nestClient(client, handlers);
    },
  };
}

/** @type {(metrics: Settings['metrics']) => boolean} */
function isAdministered(metrics) {
  return metrics === 'administration' || metrics === 'watched';
}

/** Watches the server, as the page of the explorer does, until the client is closed. @param {JstpClient} client */
async function watch(client) {
  let snapshots = 0;
  try {
    for await (const _snapshot of client.stream('jstp.administration', 'watch', 1000)) snapshots += 1;
  } catch (error) {
    if (snapshots === 0) throw error;
  }
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
