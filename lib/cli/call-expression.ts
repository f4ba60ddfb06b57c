import { MdsfSyntaxError, parse } from '../mdsf/index.js';
import { isError } from '../util/errors.js';
import { toLogText } from '../util/log-text.js';
import { usageError } from './cli-error.js';
import { parseTarget, type Target } from './target.js';

/** A call as it is written down: `rooms.join('kitchen', 2)`. */
export interface WrittenCall extends Target {
  readonly args: unknown[];
}

/** Where the arguments begin. Names are those that need no quotes. */
const HEAD = /^\s*([\w$][\w$.:@/-]*)\s*\(/;

/** Whether a text begins as a call does. */
export function isCall(text: string): boolean {
  return HEAD.test(text);
}

/**
 * Reads `interface.method(arguments)`.
 * @throws CliError for what is no call
 */
export function parseCall(text: string): WrittenCall {
  const call = readCall(text);
  if (call !== undefined) return call;
  throw usageError(`${JSON.stringify(text)} is no call`, "A call is written as rooms.join('kitchen', 2).");
}

/**
 * The same of a text that may go on: undefined where it has not ended.
 * @throws CliError for what cannot become a call
 */
export function readCall(text: string): WrittenCall | undefined {
  const head = HEAD.exec(text);
  if (!head)
    throw usageError(`${JSON.stringify(text)} is no call`, "A call is written as rooms.join('kitchen', 2).");
  const inner = text.slice(head[0].length);
  const end = inner.trimEnd().replace(/;$/, '').trimEnd();
  if (!end.endsWith(')')) {
    expectOpen(inner);
    return undefined;
  }
  const args = readList(end.slice(0, -1));
  return args && { ...parseTarget(head[1]), args };
}

/**
 * Reads values with commas between them.
 * @returns undefined where the text is the beginning of such a list
 * @throws CliError for what cannot become one
 */
export function readList(text: string): unknown[] | undefined {
  try {
    return parse(`[${text}]`, { bytes: true }) as unknown[];
  } catch (error) {
    if (!(error instanceof MdsfSyntaxError)) throw error;
    expectOpen(text);
    return undefined;
  }
}

/** @throws CliError where a list is wrong however it goes on. One that is whole with its bracket may go on, too. */
function expectOpen(text: string): void {
  try {
    parse(`[${text}`, { bytes: true });
  } catch (error) {
    if (error instanceof MdsfSyntaxError && error.code === 'ERR_MDSF_UNEXPECTED_END') return;
    const reason = isError(error) ? toLogText(error.message) : 'unknown reason';
    throw usageError(`These are no values with commas between them: ${reason}`, 'Strings need quotes.');
  }
}
