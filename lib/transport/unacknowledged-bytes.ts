import type { Socket } from 'node:net';
import { inodeOf } from './node-internals.js';
import { TcpTables } from './tcp-tables.js';

const tables = new TcpTables();

/**
 * How many bytes the system holds for a TCP socket that its peer has not acknowledged; undefined where the system does
 * not tell.
 *
 * Why only on Linux: a full socket becomes writable there when a third of its megabytes has left, which takes a slow
 * reader a minute. Until then nothing else shows that the peer reads.
 */
export async function unacknowledgedBytes(socket: Socket): Promise<number | undefined> {
  const inode = await inodeOf(socket);
  return inode === undefined ? undefined : tables.queueOf(inode);
}
