import { MdsfSyntaxError, parse } from '../mdsf/index.js';
import { toLogText } from '../util/log-text.js';
import { usageError } from './cli-error.js';
import { readFileOrInput } from './files.js';
import type { CliIo } from './io.js';

/** How much of a text is shown around the place where it is wrong. */
const SHOWN_AROUND = 30;

/**
 * Reads a value as MDSF, which JSON is a part of.
 * @param what names the text in the error
 * @throws CliError with the place that is wrong
 */
export function parseValue(text: string, what: string): unknown {
  try {
    return parse(text, { bytes: true });
  } catch (error) {
    if (!(error instanceof MdsfSyntaxError)) throw error;
    throw usageError(
      `${what} is no value: ${toLogText(error.message)}\n${pointerTo(text, error.position)}`,
      hintFor(text),
    );
  }
}

/**
 * The arguments of a call or event: MDSF or JSON, or, for `@FILE`, what that file holds; `@-` is the standard input.
 * @param isText whether they are strings as they stand
 */
export async function parseArguments(
  texts: readonly string[],
  isText: boolean,
  io: CliIo,
): Promise<unknown[]> {
  if (isText) return [...texts];
  const values: unknown[] = [];
  for (const [index, text] of texts.entries()) {
    const what = `Argument ${index + 1}`;
    const isFile = text.startsWith('@');
    const given = isFile ? await readFileOrInput(text.slice(1), io) : text;
    values.push(parseValue(given, isFile ? `${what}, ${text},` : what));
  }
  return values;
}

/** The text of a value that is known not to be one, and a mark below the place where it is wrong. */
function pointerTo(text: string, position: number): string {
  const from = Math.max(0, position - SHOWN_AROUND);
  const before = toLogText(text.slice(from, position));
  const after = toLogText(text.slice(position, position + SHOWN_AROUND));
  return `  ${before}${after}\n  ${' '.repeat(before.length)}^`;
}

function hintFor(text: string): string | undefined {
  if (!/^[\p{L}_][\p{L}\p{N}_ .@/:-]*$/u.test(text)) return undefined;
  return `A string needs quotes, inside those of the shell: "'${text}'". With --text all arguments are strings.`;
}
