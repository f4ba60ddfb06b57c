import { createRequire } from 'node:module';
import { connectJstp, jstpClient, startJstpServer } from './jstp-api.js';

/** @import { Contender } from '../types.js' */
/** @import { ApplicationClass, JstpEntry } from './jstp-api.js' */

const { net, Application } = load();

/** The entry object of the reference. */
export const referenceNet = net;

/** `@metarhia/jstp`, as it installs here: it warns at its loading that its native part is not built. */
function load() {
  const { warn, error } = console;
  console.warn = console.error = () => undefined;
  try {
    return /** @type {{ net: JstpEntry, Application: ApplicationClass }} */ (
      createRequire(import.meta.url)('@metarhia/jstp')
    );
  } finally {
    console.warn = warn;
    console.error = error;
  }
}

/** @type {Contender} */
export const reference = {
  startServer: ({ handlers }) => startJstpServer(net, Application, { handlers }),
  async connect({ handlers }, port) {
    return jstpClient(await connectJstp(net, {}, port, '127.0.0.1'), handlers);
  },
};
