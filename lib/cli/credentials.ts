import { toLogText } from '../util/log-text.js';
import { usageError } from './cli-error.js';
import { readFileOrInput } from './files.js';
import type { CliIo } from './io.js';
import { textOption, type OptionValues } from './options.js';
import { askSecret } from './secret-prompt.js';
import { parseValue } from './values.js';

/** How a client shows who it is. */
export type Login =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'login'; readonly name: string; readonly password: string }
  | { readonly kind: 'strategy'; readonly strategy: string; readonly credentials: unknown };

/** Where a secret may come from. */
interface SecretSource {
  readonly option: string;
  readonly variable: string;
  readonly question: string;
}

/**
 * Finds out how to log in. A secret comes from a file, from the environment, or is asked for; never from an argument.
 * @param addressLogin the user's name in the address
 */
export async function findLogin(
  values: OptionValues,
  addressLogin: string | undefined,
  io: CliIo,
): Promise<Login> {
  const strategy = textOption(values, 'strategy');
  const name = textOption(values, 'login') ?? addressLogin;
  if (strategy !== undefined) {
    if (name !== undefined) throw usageError('A login and --strategy exclude each other');
    refuseOther(values, 'password-file', 'goes with --login');
    const source = {
      option: 'credentials-file',
      variable: 'JSTP_CREDENTIALS',
      question: `Credentials for ${toLogText(strategy)}: `,
    };
    return { kind: 'strategy', strategy, credentials: credentialsIn(await findSecret(source, values, io)) };
  }
  refuseOther(values, 'credentials-file', 'goes with --strategy');
  if (name === undefined) {
    refuseOther(values, 'password-file', 'goes with --login');
    return { kind: 'anonymous' };
  }
  const question = `Password of ${toLogText(name)}: `;
  const source = { option: 'password-file', variable: 'JSTP_PASSWORD', question };
  return { kind: 'login', name, password: firstLine(await findSecret(source, values, io)) };
}

async function findSecret(
  { option, variable, question }: SecretSource,
  values: OptionValues,
  io: CliIo,
): Promise<string> {
  const file = textOption(values, option);
  if (file !== undefined) return readFileOrInput(file, io);
  const known = io.env[variable];
  if (known !== undefined) return known;
  if (io.stdin.isTTY === true) return askSecret(question, io);
  throw usageError(
    `Nothing can be asked for without a terminal: use --${option} FILE or the variable ${variable}`,
  );
}

/** A text that begins as an object, an array or a quoted string is such a value; any other is a string. */
function credentialsIn(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[{['"]/.test(trimmed)) return trimmed;
  try {
    return parseValue(trimmed, 'The credentials');
  } catch {
    // The error of the value would show a part of it.
    throw usageError(
      'The credentials begin like a value (an object, an array or a quoted string), and are none',
    );
  }
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0];
}

function refuseOther(values: OptionValues, option: string, why: string): void {
  if (values[option] !== undefined) throw usageError(`--${option} ${why}`);
}
