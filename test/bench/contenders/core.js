import { Application, net, tls, ws } from 'nestjs-jstp/core';
import { authority, serverCertificate } from './certificates.js';
import { everythingOff } from './everything-off.js';
import { coreExtensions } from './extensions.js';
import { manyConnections } from './many-connections.js';
import { connectJstp, jstpClient, startJstpServer } from './jstp-api.js';

/** @import { Contender, Settings } from '../types.js' */
/** @import { ApplicationClass, JstpEntry } from './jstp-api.js' */

const HOST = '127.0.0.1';
const ApplicationOfCore = /** @type {ApplicationClass} */ (/** @type {unknown} */ (Application));

/** The entry objects as what they have in common with the reference. */
export const entries = /** @type {Record<'net' | 'tls' | 'ws', JstpEntry>} */ (
  /** @type {unknown} */ ({ net, tls, ws })
);

/**
 * @param {JstpEntry} entry
 * @param {() => object} serverOptions
 * @param {(port: number) => unknown[]} addressOf
 * @param {() => object} [clientOptions]
 * @returns {Contender}
 */
function createContender(entry, serverOptions, addressOf, clientOptions = () => ({})) {
  return {
    startServer({ handlers, resume, metrics }) {
      const counting = { metrics: metrics !== undefined };
      const options = { ...manyConnections(), ...extensionsOf(resume), ...counting, ...serverOptions() };
      return startJstpServer(entry, ApplicationOfCore, { handlers, options });
    },
    async connect({ handlers, resume }, port) {
      const options = { ...extensionsOf(resume), ...clientOptions() };
      const connection = await connectJstp(entry, options, ...addressOf(port));
      return jstpClient(connection, handlers);
    },
  };
}

/** @param {Settings['resume']} resume */
export function extensionsOf(resume) {
  const extensions = coreExtensions(resume);
  return extensions ? { extensions } : {};
}

/** This package without Nest. */
export const overNet = createContender(
  entries.net,
  () => ({}),
  (port) => [port, HOST],
);

/** With its defaults, where the other contenders let all clients of a benchmark in. */
export const withDefaults = createContender(
  entries.net,
  () => ({ limits: {} }),
  (port) => [port, HOST],
);

/** Without limits, budgets and heartbeats. */
export const withoutLimits = createContender(
  entries.net,
  everythingOff,
  (port) => [port, HOST],
  everythingOff,
);

export const overTls = createContender(entries.tls, serverCertificate, (port) => [
  { port, host: HOST, ...authority() },
]);

export const overWebSocket = createContender(
  entries.ws,
  () => ({}),
  (port) => [{}, `ws://${HOST}:${port}/`],
);
