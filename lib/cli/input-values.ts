import { createInterface } from 'node:readline';
import type { CliIo } from './io.js';
import { parseValue } from './values.js';

/** The lines of the standard input, each as a value; empty ones are left out. */
export async function* inputValues(io: CliIo, isText: boolean): AsyncGenerator<unknown, void, undefined> {
  const lines = createInterface({ input: io.stdin, crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      if (isText) yield line;
      else if (line.trim() !== '') yield parseValue(line, `Line ${number} of the standard input`);
    }
  } finally {
    lines.close();
  }
}
