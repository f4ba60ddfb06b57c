import { connectJstp, jstpClient, startJstpServer } from './jstp-api.js';
import { requireQuietly } from './require-quietly.js';

/** @import { Contender } from '../types.js' */
/** @import { ApplicationClass, JstpEntry } from './jstp-api.js' */

const { net, Application } = /** @type {{ net: JstpEntry, Application: ApplicationClass }} */ (
  requireQuietly('@metarhia/jstp')
);

/** The entry object of the reference. */
export const referenceNet = net;

/** @type {Contender} */
export const reference = {
  startServer: ({ handlers }) => startJstpServer(net, Application, { handlers }),
  async connect({ handlers }, port) {
    return jstpClient(await connectJstp(net, {}, port, '127.0.0.1'), handlers);
  },
};
