import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The code of a program that a signal ended. */
const INTERRUPTED = 130;

/**
 * Makes a folder that is removed when the process ends, also by a signal.
 * @param {string} prefix what its name begins with
 * @returns {{ folder: string, remove: () => void }}
 */
export function scratchFolder(prefix) {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), prefix));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.on('exit', removeFolder);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, exit);
  const remove = () => {
    process.off('exit', removeFolder);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, exit);
    removeFolder();
  };
  return { folder, remove };
}

/** Why: a signal alone ends the process without the event `exit`. */
function exit() {
  process.exit(INTERRUPTED);
}
