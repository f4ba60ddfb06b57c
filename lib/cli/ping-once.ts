import type { Connection } from '../connection/connection.js';
import { now } from '../util/host.js';
import { CliError } from './cli-error.js';
import type { Invocation } from './command.js';
import { timeoutOption } from './dial.js';
import { EXIT } from './exit-codes.js';

/** How long a pong may take: a server that answers pings at all does so at once. */
const PONG_MS = 10_000;

/**
 * Pings, and waits for the pong.
 * @returns the milliseconds between them
 * @throws CliError for a pong that does not come in time
 */
export async function pingOnce(
  connection: Connection,
  { values, signal }: Pick<Invocation, 'values' | 'signal'>,
): Promise<number> {
  const begun = now();
  const limitMs = timeoutOption(values) ?? PONG_MS;
  let timer: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CliError(EXIT.timeout, `No answer within ${limitMs} ms`)), limitMs);
    stop = () => reject(new CliError(EXIT.SIGINT, 'Interrupted'));
    signal.addEventListener('abort', stop);
  });
  try {
    await Promise.race([connection.ping(), end]);
    return now() - begun;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
