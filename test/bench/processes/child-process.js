import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

/** @import { Commands, Response } from '../types.js' */

/**
 * @template {keyof Commands} Name
 * @typedef {Parameters<Commands[Name]>[0]} ArgumentOf
 */
/**
 * @template {keyof Commands} Name
 * @typedef {Awaited<ReturnType<Commands[Name]>>} ResultOf
 */

const PROGRAM = fileURLToPath(new URL('./child.js', import.meta.url));
const FLAGS = ['--expose-gc', '--disable-warning=ExperimentalWarning'];

const TASKSET = 'taskset';

/** Whether processes can be pinned to cores here. */
export const canPin =
  process.platform === 'linux' &&
  os.availableParallelism() > 1 &&
  spawnSync(TASKSET, ['-c', '0', 'true']).status === 0;

/** A process of its own that is told by messages what to do. */
export class ChildProcess {
  /** @param {number | undefined} core the core to stay on */
  constructor(core) {
    const flags = [...FLAGS, ...(process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean)];
    const isPinned = canPin && core !== undefined;
    this.child = fork(PROGRAM, [], {
      execPath: isPinned ? TASKSET : process.execPath,
      execArgv: isPinned ? ['-c', String(core), process.execPath, ...flags] : flags,
      // Log events of every message are for development.
      env: { ...process.env, NODE_ENV: 'production' },
    });
    /** @type {Map<number, { resolve: (result: never) => void, reject: (error: Error) => void }>} */
    this.pending = new Map();
    this.lastId = 0;
    this.child.on('message', (message) => this.answered(/** @type {Response} */ (message)));
    this.child.on('exit', (code, signal) => this.ended(code ?? signal));
  }

  /**
   * @template {keyof Commands} Name
   * @param {Name} command
   * @param {ArgumentOf<Name>} argument
   * @returns {Promise<ResultOf<Name>>}
   */
  ask(command, argument) {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.child.send({ id, command, argument });
    });
  }

  async end() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }

  /** @param {Response} response */
  answered({ id, result, error }) {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (error === undefined) waiting?.resolve(/** @type {never} */ (result));
    else waiting?.reject(new Error(error));
  }

  /** @param {unknown} how */
  ended(how) {
    for (const { reject } of this.pending.values())
      reject(new Error(`A child process has ended: ${String(how)}`));
    this.pending.clear();
  }
}
