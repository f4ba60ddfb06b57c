import type { Closing } from './closing.js';
import { reservePort } from './reserved-port.js';

export const LOOPBACK = '127.0.0.1';

/** A port that nobody else gets until the test has ended; see {@link reservePort}. */
export async function reservedPort(closing: Pick<Closing, 'add'>): Promise<number> {
  const { port, release } = await reservePort();
  closing.add(release);
  return port;
}
