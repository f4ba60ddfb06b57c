import { connectJstp } from '../contenders/jstp-api.js';
import { implementationOf } from './resume.js';

/** @import { StormArgument, StormResult } from '../types.js' */
/** @import { JstpConnection } from '../contenders/jstp-api.js' */

const HOST = '127.0.0.1';
/** Connections under way at once: one process dials for all clients, and the kernel keeps few that wait for a server. */
const DIALLING = 128;
/** A server has to notice that the transports are lost. */
const REST_MS = 1000;

/**
 * Opens sessions and cuts all their transports.
 * @param {StormArgument} argument
 * @returns {Promise<() => Promise<StormResult>>} what brings them all back
 */
export async function prepareStorm({ implementation, resume, port, sessions }) {
  const { entry, client } = await implementationOf(implementation, resume);
  /** @type {JstpConnection[]} */
  const connections = [];
  await forAll(sessions, async () => {
    connections.push(await connectJstp(entry, client, port, HOST));
  });
  let open = sessions;
  const cut = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    for (const connection of connections) {
      connection.once('close', () => {
        open -= 1;
        if (open === 0) resolve();
      });
      /** @type {import('node:net').Socket} */ (connection.getTransport()).destroy();
    }
  });
  await cut;
  await new Promise((resolve) => setTimeout(resolve, REST_MS));

  return async () => {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    await forAll(sessions, (index) => {
      return new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
        entry.reconnect(connections[index], port, HOST, (/** @type {unknown} */ error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    });
    const timeMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    return { timeMs, cpuUs: user + system };
  };
}

/**
 * @param {number} count
 * @param {(index: number) => Promise<void>} run
 */
async function forAll(count, run) {
  let next = 0;
  const work = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: DIALLING }, work));
}
