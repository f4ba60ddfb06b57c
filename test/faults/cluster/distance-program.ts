/**
 * Puts a server some milliseconds away, in a process of its own: what keeps the run's process busy must not look like a
 * Redis that stands still. Its arguments are the server's port and the milliseconds each way; it tells its own port.
 */
import { DelayingProxy } from '../../support/delaying-proxy.js';

const [port, delayMs] = process.argv.slice(2).map(Number);
const distance = await DelayingProxy.start(port, delayMs);
process.send?.(distance.port);
process.once('disconnect', () => process.exit());
