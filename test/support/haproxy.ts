import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:net';
import type { Closing } from './closing.js';
import { LOOPBACK, reservedPort } from './ports.js';
import { waitFor, within } from './wait-for.js';

/** Starts a real HAProxy in front of a port of this machine. @returns the port that it listens on */
export async function startHaproxy(
  closing: Closing,
  port: number,
  { mode = 'tcp', server = '' }: { mode?: 'tcp' | 'http'; server?: string },
): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'haproxy-'));
  closing.add(() => rm(folder, { recursive: true, force: true }));
  const own = await reservedPort(closing);
  const config = path.join(folder, 'haproxy.cfg');
  await writeFile(
    config,
    `defaults
  mode ${mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${mode === 'http' ? '  option forwardfor\n' : ''}
listen jstp
  bind ${LOOPBACK}:${String(own)}
  server s ${LOOPBACK}:${String(port)} ${server}
`,
  );
  if (spawnSync('haproxy', ['-c', '-f', config]).error)
    throw new Error('The tests use a real HAProxy, which is not on the PATH: npm run test:setup');
  const child = spawn('haproxy', ['-db', '-f', config], { stdio: 'ignore' });
  closing.add(() => end(child));
  await waitFor(() => answers(own), 'HAProxy');
  return own;
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await within(ended, 'the end of HAProxy');
}
