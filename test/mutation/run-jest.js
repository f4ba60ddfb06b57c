import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const JEST = path.join(ROOT, 'node_modules/jest/bin/jest.js');
const CONFIG = path.join(ROOT, 'test/mutation/jest.config.ts');

/**
 * Runs test files in one process, in the order given.
 * @param {readonly string[]} args of Jest
 * @param {Record<string, string>} env besides that of this process
 * @param {number} timeoutMs ends it, with all that it has started
 * @returns {Promise<{ code: number | null, isTimedOut: boolean, output: string }>}
 */
export function runJest(args, env, timeoutMs) {
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  // A group of its own, so that programs that tests start end with it.
  const child = spawn(process.execPath, [...options, JEST, '--config', CONFIG, '--runInBand', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  /** @param {unknown} piece */
  const keep = (piece) => {
    output = (output + String(piece)).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    endGroup(child.pid);
  }, timeoutMs);
  const end = () => endGroup(child.pid);
  process.on('exit', end);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('exit', end);
      end();
      resolve({ code, isTimedOut, output });
    });
  });
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it runs any more.
  }
}
