import { EVENT, INTERFACE, methodNames } from '../contenders/patterns.js';
import { connectJstp } from '../contenders/jstp-api.js';

/** @import { ResumeArgument, ResumeResult } from '../types.js' */
/** @import { JstpConnection, JstpEntry } from '../contenders/jstp-api.js' */

const HOST = '127.0.0.1';

/**
 * Cuts the line, makes calls while it is down, comes back, and takes the time until all have been answered.
 * @param {ResumeArgument} argument
 * @returns {Promise<ResumeResult>}
 */
export async function measureResume({ implementation, resume, port, messages }) {
  const { entry, client } = await implementationOf(implementation, resume);
  const connection = await connectJstp(entry, client, port, HOST);
  await warmUp(connection);
  await cut(connection);
  const answered = callMany(connection, messages);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
    entry.reconnect(connection, port, HOST, (/** @type {unknown} */ error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  await answered;
  const timeMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  connection.close();
  return { timeMs, cpuUs: user + system };
}

/**
 * @param {string} name
 * @param {ResumeArgument['resume']} resume
 * @returns {Promise<{ entry: JstpEntry, client: object }>}
 */
export async function implementationOf(name, resume) {
  if (name === 'reference') {
    const { referenceNet } = await import('../contenders/reference.js');
    return { entry: referenceNet, client: {} };
  }
  const { entries, extensionsOf } = await import('../contenders/core.js');
  return { entry: entries.net, client: extensionsOf(resume) };
}

/** @param {JstpConnection} connection */
async function warmUp(connection) {
  await callMany(connection, 200);
  connection.emitRemoteEvent(INTERFACE, EVENT, [1]);
}

/** @param {JstpConnection} connection */
async function cut(connection) {
  const closed = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    connection.once('close', () => resolve());
  });
  /** @type {import('node:net').Socket} */ (connection.getTransport()).destroy();
  await closed;
  // The server has to notice, too.
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * @param {JstpConnection} connection
 * @param {number} count
 */
function callMany(connection, count) {
  const [method] = methodNames(1);
  return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
    let left = count;
    /** @param {unknown} error */
    const done = (error) => {
      if (error) reject(error);
      else if (--left === 0) resolve();
    };
    for (let n = 0; n < count; n++)
      connection.callMethod(INTERFACE, method, [{ n, text: 'while away' }], done);
  });
}
