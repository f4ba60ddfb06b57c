import { CliError } from './cli-error.js';
import { EXIT } from './exit-codes.js';
import type { CliIo } from './io.js';

const ENTER = new Set(['\r', '\n', '\x04']);
const INTERRUPT = '\x03';
const ERASE = new Set(['\b', '\x7f']);
const ERASE_ALL = '\x15';
/** What an arrow key sends, say. */
// eslint-disable-next-line no-control-regex -- They begin with the control character ESC.
const KEY_SEQUENCES = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/g;

/** Asks at the terminal for a secret, without showing what is typed. */
export function askSecret(question: string, { stdin, stderr }: CliIo): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const finish = (end: () => void): void => {
      stdin.off('data', onData).pause();
      stdin.setRawMode?.(false);
      stderr.write('\n');
      end();
    };
    const onData = (chunk: Buffer | string): void => {
      // What is pasted comes as one chunk.
      for (const character of chunk.toString().replace(KEY_SEQUENCES, '')) {
        if (character === INTERRUPT) {
          finish(() => reject(new CliError(EXIT.SIGINT, 'Interrupted')));
          return;
        }
        if (ENTER.has(character)) {
          finish(() => resolve(typed.join('')));
          return;
        }
        if (character === ERASE_ALL) typed = [];
        else if (ERASE.has(character)) typed.pop();
        else if (character >= ' ') typed.push(character);
      }
    };
    stderr.write(question);
    stdin.setRawMode?.(true);
    stdin.setEncoding('utf8').on('data', onData).resume();
  });
}
