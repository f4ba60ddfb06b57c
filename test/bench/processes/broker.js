import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import { reservePort } from '../../support/reserved-port.js';

/** @import { BrokerProgram } from '../types.js' */

const START_TIMEOUT_MS = 5000;

/**
 * Why a broker cannot be used here; undefined: it can.
 * @param {BrokerProgram} program
 */
export function whatIsMissing({ command, client }) {
  const missing = [];
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error)
    missing.push(`${command} is not on the PATH`);
  try {
    createRequire(import.meta.url).resolve(client);
  } catch (error) {
    // A package for `import` alone is there, too.
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'MODULE_NOT_FOUND') {
      missing.push(`the package ${client} is not installed`);
    }
  }
  return missing.length > 0 ? missing.join(', ') : undefined;
}

/**
 * Starts a broker on a free port.
 * @param {BrokerProgram} program
 */
export async function startBroker(program) {
  const { port, release } = await reservePort();
  const child = spawn(program.command, program.args(port), { stdio: 'ignore' });
  const until = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (Date.now() > until) throw new Error(`${program.command} does not listen`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  release();
  return {
    port,
    async end() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

/** @param {number} port */
async function answers(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
