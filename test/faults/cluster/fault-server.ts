import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { killProgram, startProgram } from '../../support/bundled-program.js';
import type { Closing } from '../../support/closing.js';
import { within } from '../../support/wait-for.js';
import type { ServerSettings } from './server-program.js';

const START_LIMIT_MS = 60_000;
/** A drain's own time is 10 s, and its store's 5 s. */
const DRAIN_LIMIT_MS = 40_000;

/** A server in a process of its own. */
export class FaultServer {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(program: string, settings: ServerSettings, closing: Closing): Promise<FaultServer> {
    const child = startProgram(program, [JSON.stringify(settings)], closing);
    const [address] = (await within(once(child, 'message'), 'a server that listens', START_LIMIT_MS)) as [
      { port: number },
    ];
    return new FaultServer(child, address.port);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Closes it as an application does: it hands its sessions over, and ends. */
  async drain(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await within(ended, 'the end of a server that drains', DRAIN_LIMIT_MS);
  }

  /** Ends it where it is. */
  kill(): Promise<void> {
    return killProgram(this.child);
  }

  /** Stops it where it is: its lines stay up, and nothing is answered. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.child.kill('SIGCONT');
  }
}
