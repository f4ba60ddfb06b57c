import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HOST } from './settings.js';

const MISSING =
  'This sample needs a redis-server on the PATH (apt-get install redis-server), or REDIS_URL=redis://...';

/** What the user has to see to; its message says all. */
export class MissingError extends Error {}

/** A Redis that ends with its standard input, and so with this process, whatever ends that. */
const GUARDED = 'redis-server "$@" & read -r _; kill $!; wait';

/** The Redis of REDIS_URL, or one of our own that keeps nothing on disk. */
export class RedisServer {
  private constructor(
    readonly url: string,
    private readonly own?: { readonly shell: ChildProcess; readonly folder: string },
  ) {}

  /** Starts one where none is given. */
  static async start(signal: AbortSignal): Promise<RedisServer> {
    const { REDIS_URL } = process.env;
    if (REDIS_URL) return new RedisServer(REDIS_URL);
    if (spawnSync('redis-server', ['--version']).error) throw new MissingError(MISSING);
    const port = await freePort();
    const folder = mkdtempSync(path.join(tmpdir(), 'jstp-cluster-'));
    const options = [
      '--bind',
      HOST,
      '--port',
      String(port),
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ];
    const shell = spawn('sh', ['-c', GUARDED, 'sh', ...options], {
      // In a group of its own it hears no Ctrl-C: it must be there until the instances have handed over to it.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const server = new RedisServer(`redis://${HOST}:${port}`, { shell, folder });
    try {
      await readiness(shell, signal);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Ends what was started. */
  async stop(): Promise<void> {
    if (!this.own) return;
    const { shell, folder } = this.own;
    if (shell.exitCode === null) {
      shell.stdin?.end();
      await once(shell, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function readiness({ stdout }: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    stdout?.on('data', (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) resolve();
    });
    // It tells why it cannot start.
    stdout?.once('end', () => {
      reject(new Error(`redis-server has ended: ${output}`));
    });
    signal.addEventListener('abort', () => {
      reject(signal.reason);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
