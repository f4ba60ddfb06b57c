import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Input } from './target.js';

const corpusFolder = path.join(import.meta.dirname, 'corpus');

/** The inputs that a target's corpus has, one a line of its file. */
export function readCorpus(target: string): Input[] {
  return readInputs(corpusFile(target));
}

/** Replaces a target's corpus. */
export function writeCorpus(target: string, inputs: readonly Input[]): void {
  const lines = inputs.map((input) => lineOf(input)).sort();
  writeFileSync(corpusFile(target), [...new Set(lines)].map((line) => `${line}\n`).join(''));
}

/** An input as a line of ASCII: its pieces in JSON. */
export function lineOf(input: Input): string {
  return JSON.stringify(input).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The inputs of a file of lines. */
export function readInputs(file: string): Input[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Input);
}

function corpusFile(target: string): string {
  return path.join(corpusFolder, `${target}.txt`);
}
