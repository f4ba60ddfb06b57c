import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { mayHoldSecret } from '../mask.js';
import type { Output } from '../output.js';

const FILE_NAME = '.nestjs_jstp_history';
const MAX_LINES = 1000;
/** A file that has grown to so many lines is shortened. */
const SHORTEN_AT = 2 * MAX_LINES;
const OWNER_ALONE = 0o600;

/** The lines that a user has typed, in a file that nobody else can read. Lines that may hold a secret are left out. */
export class History {
  /** The newest first, as readline has it. */
  readonly lines: string[];
  private isKept: boolean;

  /**
   * @param file where it is kept; undefined: nowhere
   * @param output is told when that does not work
   */
  constructor(
    private readonly file: string | undefined,
    private readonly output: Output,
  ) {
    this.isKept = file !== undefined;
    this.lines = this.load().reverse();
  }

  /** Notes the lines of one statement. */
  add(lines: readonly string[]): void {
    if (!this.isKept || this.file === undefined) return;
    const isSecret = lines.some((line) => mayHoldSecret(line)) || lines[0].startsWith(' ');
    const text = lines.filter((line) => line.trim() !== '');
    if (isSecret || text.length === 0) return;
    this.try(() => appendFileSync(String(this.file), `${text.join('\n')}\n`, { mode: OWNER_ALONE }));
  }

  private load(): string[] {
    let lines: string[] = [];
    const { file } = this;
    if (file === undefined) return lines;
    this.try(() => {
      // Makes the file, where there is none.
      appendFileSync(file, '', { mode: OWNER_ALONE });
      // What is no file, as /dev/null, is everybody's, and has no lines to read.
      if (!statSync(file).isFile()) return;
      // One that is older may be open to others.
      chmodSync(file, OWNER_ALONE);
      lines = readFileSync(file, 'utf8')
        .split(/\r?\n/)
        .filter((line) => line !== '');
      if (lines.length <= SHORTEN_AT) return;
      lines = lines.slice(-MAX_LINES);
      writeFileSync(file, `${lines.join('\n')}\n`, { mode: OWNER_ALONE });
    });
    return lines.slice(-MAX_LINES);
  }

  private try(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.isKept = false;
      this.output.note(
        `The history is not kept: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      );
    }
  }
}

/** The history's file: that of JSTP_HISTORY, none where it is empty, else one in the home folder. */
export function historyFile(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const given = env['JSTP_HISTORY'];
  if (given === '') return undefined;
  return given ?? path.join(homedir(), FILE_NAME);
}
