import { isCall, readCall, readList, type WrittenCall } from '../call-expression.js';
import { usageError } from '../cli-error.js';
import { parseTarget, type Target } from '../target.js';

/** What a user has typed. */
export type Statement =
  | { readonly kind: 'nothing' }
  | ({ readonly kind: 'call' | 'emit' } & WrittenCall)
  | { readonly kind: 'command'; readonly name: CommandName; readonly words: readonly string[] };

/** The commands without values. */
export type CommandName = 'inspect' | 'ping' | 'connect' | 'disconnect' | 'help' | 'exit';

/** The words with which a line may begin, for completion. */
export const WORDS = [
  'call',
  'emit',
  'event',
  'inspect',
  'ping',
  'connect',
  'disconnect',
  'help',
  'exit',
] as const;

const COMMANDS: Readonly<Record<string, CommandName>> = {
  inspect: 'inspect',
  ping: 'ping',
  connect: 'connect',
  disconnect: 'disconnect',
  help: 'help',
  exit: 'exit',
  quit: 'exit',
  '.exit': 'exit',
  '.help': 'help',
};

/**
 * Reads what was typed: `rooms.join('kitchen')`, `call rooms.join 'kitchen', 2`, `emit rooms.typing 'ann'`, or a command.
 * As `jstp-cli` has it, `call rooms join 'kitchen'` and `event` are understood, too.
 * @param text one line or several
 * @returns undefined where the text has not ended: a bracket or a quote is open
 * @throws CliError for what cannot be understood
 */
export function readStatement(text: string): Statement | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return { kind: 'nothing' };
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(trimmed) ?? [];
  if (word === 'call') return readSending('call', rest);
  if (word === 'emit' || word === 'event') return readSending('emit', rest);
  if (Object.hasOwn(COMMANDS, word)) {
    const words = rest.split(/\s+/).filter((each) => each !== '');
    return { kind: 'command', name: COMMANDS[word], words };
  }
  if (isCall(trimmed)) return withKind('call', readCall(trimmed));
  throw usageError(
    `${JSON.stringify(trimmed)} is no call and no command`,
    "A call is rooms.join('kitchen', 2). help lists the commands.",
  );
}

function readSending(kind: 'call' | 'emit', rest: string): Statement | undefined {
  if (isCall(rest)) return withKind(kind, readCall(rest));
  const [target, values] = readTarget(rest);
  const args = readList(values);
  return args && { kind, ...target, args };
}

function withKind(kind: 'call' | 'emit', call: WrittenCall | undefined): Statement | undefined {
  return call && { kind, ...call };
}

/** `rooms.join ...` or `rooms join ...`. */
function readTarget(text: string): [target: Target, rest: string] {
  const [, first = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  if (first === '') throw usageError('A name is missing: INTERFACE.METHOD, or INTERFACE.EVENT');
  const [, second = '', behind = ''] = /^([A-Za-z_$][\w$]*)(?:\s+(.*))?$/s.exec(rest) ?? [];
  const isApart =
    !first.includes('.') && second !== '' && !/^(true|false|null|undefined|NaN|Infinity)$/.test(second);
  return isApart ? [{ interfaceName: first, name: second }, behind] : [parseTarget(first), rest];
}
