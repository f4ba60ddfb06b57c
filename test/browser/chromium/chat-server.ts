import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { waitFor, within } from '../../support/wait-for.js';

const main = path.resolve(
  import.meta.dirname,
  '../../../sample/02-browser-chat/dist/02-browser-chat/main.js',
);
const START_LIMIT_MS = 20_000;

/** The sample as `npm run sample:browser` starts it, in a process of its own, always on the same port. */
export class ChatServer {
  private child: ChildProcess | undefined;

  constructor(readonly port: number) {}

  async start(): Promise<void> {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, PORT: String(this.port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await waitFor(
      () => printed.includes('Ctrl-C stops it') || child.exitCode !== null,
      'the sample to start',
      START_LIMIT_MS,
    );
    if (child.exitCode !== null) throw new Error(`The sample ended with code ${child.exitCode}: ${printed}`);
  }

  /** Stops it as Ctrl-C does; answers with its exit code. */
  async stop(): Promise<number | null> {
    const { child } = this;
    this.child = undefined;
    if (child?.exitCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    const [code] = (await within(ended, 'the end of the sample', START_LIMIT_MS)) as [number | null];
    return code;
  }
}
