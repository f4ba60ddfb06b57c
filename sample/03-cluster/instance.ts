import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Balancer } from './balancer.js';
import { toEnvironment, type InstanceSettings } from './settings.js';

const PROGRAM = path.join(import.meta.dirname, 'service/main.js');
const GRACE_MS = 5000;

/** An instance of the service: a process that can be ended and started again. */
export class Instance {
  private child: ChildProcess | undefined;

  constructor(
    private readonly settings: InstanceSettings,
    private readonly balancer: Balancer,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  /** The id of its process. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Starts it; the balancer knows it when it listens. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const env = { ...process.env, ...toEnvironment(this.settings) };
    // In a group of its own it hears no Ctrl-C: it is ended in its turn, before Redis.
    const child = fork(PROGRAM, { detached: true, env, execArgv: [] });
    this.child = child;
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`The instance ${this.name} has ended before it listened (${String(code)})`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    this.balancer.route(this.name, (message as { port: number }).port);
  }

  /** Ends it as a deployment does, or as a fault does. Resolves when the process is gone. */
  async stop(how: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    const { child } = this;
    if (!child) return;
    const ended = once(child, 'exit', { signal });
    child.kill(how);
    await ended;
  }

  /** Ends it for good: in peace, if that does not take too long. */
  async close(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await ended;
    clearTimeout(timer);
  }
}
