import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { end, OWN_GROUP, tie } from './child.js';
import { HOST } from './settings.js';

const MISSING =
  'This sample needs a redis-server on the PATH (apt-get install redis-server), or REDIS_URL=redis://...';

/** What the user has to see to; its message says all. */
export class MissingError extends Error {}

/** The Redis of REDIS_URL, or one of our own that keeps nothing on disk. */
export class RedisServer {
  private constructor(
    readonly url: string,
    private readonly child?: ChildProcess,
    private readonly folder?: string,
  ) {}

  /** What it is, for the reader. */
  get description(): string {
    return this.child ? `${this.url} (process ${String(this.child.pid)})` : this.url;
  }

  static async start(signal: AbortSignal): Promise<RedisServer> {
    const { REDIS_URL } = process.env;
    if (REDIS_URL) return new RedisServer(REDIS_URL);
    const port = await freePort();
    const folder = mkdtempSync(path.join(tmpdir(), 'jstp-cluster-'));
    const address = ['--bind', HOST, '--port', String(port)];
    const child = spawn('redis-server', [...address, '--save', '', '--appendonly', 'no', '--dir', folder], {
      ...OWN_GROUP,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    tie(child);
    const server = new RedisServer(`redis://${HOST}:${port}`, child, folder);
    try {
      await readiness(child, signal);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Ends what was started. */
  async stop(): Promise<void> {
    if (this.child) await end(this.child);
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}

function readiness(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new MissingError(MISSING) : error);
    });
    child.once('exit', () => {
      reject(new Error(`redis-server has ended: ${output}`));
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes('Ready to accept connections')) resolve();
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
