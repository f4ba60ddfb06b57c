import os from 'node:os';
import { canPin } from './processes/child-process.js';

/** @import { Machine } from './types.js' */

const GIB = 1024 ** 3;

/**
 * What of the machine matters for the numbers.
 * @returns {Machine}
 */
export function machineNow() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / GIB),
    node: process.version,
    system: `${os.type()} ${os.arch()}`,
    isPinned: canPin,
  };
}
