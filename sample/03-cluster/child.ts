import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const GRACE_MS = 5000;

/**
 * Options of all children: in a group of their own, so that a Ctrl-C in the terminal comes to this process alone, which
 * ends them one after the other. Redis would else be gone while the instances hand over to it.
 */
export const OWN_GROUP = { detached: true } as const;

/** Sees to it that a child does not outlive this process, whatever ends it (but for SIGKILL). */
export function tie(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

/** Asks a child to end, and ends it where it does not. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(timer);
}
