import { fstat, readFile } from 'node:fs';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';

type SocketWithHandle = Socket & { readonly _handle?: { readonly fd?: number } | null };

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** Columns of a row: the queues as `tx:rx`, in hexadecimal, and the number that fstat tells of the socket, too. */
const QUEUES_COLUMN = 4;
const INODE_COLUMN = 9;
/** Many sockets are asked about at the same time; the tables of a large server are long. */
const KEPT_MS = 100;

const statOf = promisify(fstat);
const textOf = promisify(readFile);
let queues: Promise<ReadonlyMap<string, number>> | undefined;

/**
 * How many bytes the system holds for a TCP socket that its peer has not acknowledged; undefined where the system
 * does not say. Only Linux needs it, and says it: there a full socket is told to be writable again when a third of its
 * megabytes has left, which a slow reader takes a minute for.
 */
export async function unacknowledgedBytes(socket: Socket): Promise<number | undefined> {
  const { _handle: handle } = socket as SocketWithHandle;
  if (process.platform !== 'linux' || handle?.fd === undefined || handle.fd < 0) return undefined;
  try {
    const [{ ino }, known] = await Promise.all([statOf(handle.fd), readQueues()]);
    return known.get(String(ino));
  } catch {
    // The socket is closed by now.
    return undefined;
  }
}

function readQueues(): Promise<ReadonlyMap<string, number>> {
  // Where the system shows no tables nothing is known, as elsewhere.
  queues ??= Promise.all(TABLES.map((path) => textOf(path, 'latin1').catch(() => '')))
    .then(parse)
    .finally(() => {
      setTimeout(() => {
        queues = undefined;
      }, KEPT_MS).unref();
    });
  return queues;
}

function parse(texts: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const row of texts.join('\n').split('\n')) {
    const columns = row.trim().split(/ +/, INODE_COLUMN + 1);
    if (columns.length > INODE_COLUMN)
      found.set(columns[INODE_COLUMN], Number.parseInt(columns[QUEUES_COLUMN], 16));
  }
  return found;
}
