import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { TcpTables } from '../../lib/transport/tcp-tables.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const TIME_WAIT = row(0, '06', 0);

/** A row as `proc_net_tcp(5)` tells. */
function row(inode: number, state = '01', queue = 0, address = '0100007F'): string {
  const sent = queue.toString(16).toUpperCase().padStart(8, '0');
  return `  11: ${address}:1F90 ${address}:D3A2 ${state} ${sent}:00000000 02:00000A1B 00000000  1000        0 ${String(inode)} 2 0000000000000000 20 4 30 10 -1`;
}

async function table(rows: readonly string[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'jstp-'));
  closing.add(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'tcp');
  await writeFile(file, `${[HEAD, ...rows].join('\n')}\n`);
  return file;
}

/** Pauses that end when they are told to, and how long they were to be. */
class Pauses {
  readonly lengths: number[] = [];
  private readonly ends: (() => void)[] = [];
  readonly pause = (ms: number): Promise<void> => {
    this.lengths.push(ms);
    return new Promise((resolve) => this.ends.push(resolve));
  };

  /** Ends the next one, as soon as it has begun. */
  async end(): Promise<void> {
    await waitFor(() => this.ends.length > 0, 'a pause to begin');
    this.ends.pop()?.();
  }
}

test('a socket is found by its inode, in tables of IPv4 and IPv6, longer than what is read at a time', async () => {
  const many = Array.from({ length: 1000 }, (_, n) => row(1000 + n, '01', n));
  const four = await table([row(7, '01', 0xabcdef), ...many, row(8, '08', 1)]);
  const six = await table([row(9, '01', 9, '0000000000000000FFFF00000100007F')]);
  const tables = new TcpTables([four, six], new Pauses().pause);
  const inodes = ['7', '1500', '1999', '8', '9', '2000'];
  expect(await Promise.all(inodes.map((inode) => tables.queueOf(inode)))).toEqual([
    0xabcdef,
    500,
    999,
    1,
    9,
    undefined,
  ]);
});

test('sockets that are closed, and wait for late packets, are passed by', async () => {
  const tables = new TcpTables([await table([TIME_WAIT, row(5, '01', 5)])], new Pauses().pause);
  expect(await Promise.all([tables.queueOf('0'), tables.queueOf('5')])).toEqual([undefined, 5]);
});

test('a table that is not there, or has other rows, tells nothing', async () => {
  const strange = await table(['', 'x', '   ', '1 2 3', '1 2 3 4']);
  const tables = new TcpTables([`${strange}-none`, strange], new Pauses().pause);
  expect(await tables.queueOf('5')).toBeUndefined();
});

test('who asks meanwhile waits for the next look, and all that wait for the same one', async () => {
  const file = await table([row(5, '01', 1), row(6, '01', 1)]);
  const pauses = new Pauses();
  const tables = new TcpTables([file], pauses.pause);
  expect(await Promise.all([tables.queueOf('5'), tables.queueOf('6'), tables.queueOf('5')])).toEqual([
    1, 1, 1,
  ]);
  const answers = [tables.queueOf('5'), tables.queueOf('6'), tables.queueOf('5')];
  await writeFile(file, `${row(5, '01', 2)}\n${row(6, '01', 2)}\n`);
  await pauses.end();
  expect(await Promise.all(answers)).toEqual([2, 2, 2]);
  // And a later one, after a pause in which nobody has asked.
  await pauses.end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await tables.queueOf('6')).toBe(2);
  expect(pauses.lengths.slice(0, 2)).toEqual([100, 100]);
});

test('the longer the tables, the longer nobody looks at them again', async () => {
  const closed = await table(Array.from({ length: 60_000 }, () => TIME_WAIT));
  const pauses = new Pauses();
  const tables = new TcpTables([closed], pauses.pause);
  expect(await tables.queueOf('5')).toBeUndefined();
  // Linux gives 4 KiB at a time, where a file gives as much as is asked for: 16 KiB.
  await pauses.end();
  expect(pauses.lengths[0]).toBeGreaterThan((60_000 * TIME_WAIT.length * 4) / (16 * 1024));
});
