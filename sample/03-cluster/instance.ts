import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Balancer } from './balancer.js';
import { end, OWN_GROUP, tie } from './child.js';
import { toEnvironment, type InstanceSettings } from './settings.js';

const PROGRAM = path.join(import.meta.dirname, 'service/main.js');

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
    const child = fork(PROGRAM, { ...OWN_GROUP, env, execArgv: [] });
    this.child = child;
    tie(child);
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

  /** Ends it in the end. */
  async close(): Promise<void> {
    if (this.child) await end(this.child);
  }
}
