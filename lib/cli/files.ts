import { readFile } from 'node:fs/promises';
import { usageError } from './cli-error.js';
import type { CliIo } from './io.js';

/** More is no argument, password or certificate: no peer takes such a message. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The text of a file that the command line names.
 * @throws CliError for one that cannot be read
 */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw usageError(
      `${JSON.stringify(file)} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
    );
  }
}

/** The same; `-` is the standard input up to its end. */
export async function readFileOrInput(file: string, io: CliIo): Promise<string> {
  if (file !== '-') return readTextFile(file);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    size += bytes.length;
    if (size > MAX_BYTES) throw usageError(`The standard input has more than ${MAX_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
