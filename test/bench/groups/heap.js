import { Pair } from '../processes/pair.js';

/** Tables of the server have grown by then. */
const BEFORE = 500;
const CONNECTIONS = 1000;

/**
 * Heap bytes that an idle connection takes of a server, in fresh processes.
 * @param {string} contender
 */
export async function heapOfConnection(contender) {
  const pair = new Pair(contender, { handlers: 1, resume: 'default' });
  try {
    await pair.start();
    await pair.connect(BEFORE);
    const before = await pair.server.ask('memory', {});
    await pair.connect(BEFORE + CONNECTIONS);
    const after = await pair.server.ask('memory', {});
    return (after.heapBytes - before.heapBytes) / CONNECTIONS;
  } finally {
    await pair.end();
  }
}
