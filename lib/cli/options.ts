import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearestName } from '../util/nearest-name.js';
import { usageError } from './cli-error.js';

/** An option of a command. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for its value in the help. */
  readonly value?: string;
  /** Whether the value is a file: for completion. */
  readonly isFile?: boolean;
  readonly description: string;
}

/** Options by their names, without dashes. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given, by names. */
export type OptionValues = Readonly<
  Record<string, string | boolean | readonly (string | boolean)[] | undefined>
>;

/** An option as Node's `parseArgs` takes it. */
type OptionConfig = NonNullable<ParseArgsConfig['options']>[string];

/** What a command line says. */
export interface ParsedLine {
  readonly values: OptionValues;
  readonly positionals: readonly string[];
}

/** Options of every command. */
export const COMMON_OPTIONS: OptionSpecs = {
  help: { type: 'boolean', short: 'h', description: 'Print this help.' },
};

/** Options of commands that print values. */
export const OUTPUT_OPTIONS: OptionSpecs = {
  json: { type: 'boolean', description: 'Print JSON, one value a line; errors, too.' },
};

/** Options of commands that connect. */
export const CONNECTION_OPTIONS: OptionSpecs = {
  app: {
    type: 'string',
    value: 'NAME[@VERSION]',
    description: "The application, in the place of the address's. Default: jstp.",
  },
  login: { type: 'string', short: 'l', value: 'NAME', description: 'Log in by this name.' },
  'password-file': {
    type: 'string',
    value: 'FILE',
    isFile: true,
    description:
      'The first line of this file is the password; - is the standard input. Else JSTP_PASSWORD, else asked for.',
  },
  strategy: { type: 'string', value: 'NAME', description: "Shake hands by a strategy of the server's own." },
  'credentials-file': {
    type: 'string',
    value: 'FILE',
    isFile: true,
    description:
      'The credentials of that strategy; - is the standard input. Else JSTP_CREDENTIALS, else asked for.',
  },
  ca: {
    type: 'string',
    multiple: true,
    value: 'FILE',
    isFile: true,
    description: 'TLS: trust this authority (PEM). May be given again.',
  },
  cert: {
    type: 'string',
    value: 'FILE',
    isFile: true,
    description: 'TLS: the certificate of this client (PEM).',
  },
  key: {
    type: 'string',
    value: 'FILE',
    isFile: true,
    description: 'TLS: the key of that certificate. JSTP_KEY_PASSPHRASE opens it.',
  },
  servername: { type: 'string', value: 'NAME', description: "TLS: the name in the server's certificate." },
  insecure: { type: 'boolean', description: "TLS: do not check the server's certificate." },
  'headers-file': {
    type: 'string',
    value: 'FILE',
    isFile: true,
    description: 'WebSockets: headers of the upgrade request, one "Name: value" a line.',
  },
  origin: {
    type: 'string',
    value: 'URL',
    description: 'WebSockets: the origin that is named, for servers that let in certain ones alone.',
  },
  timeout: {
    type: 'string',
    value: 'TIME',
    description:
      'How long the connect, and then each call, may take: 500ms, 10s, 2m. Default: 10s for the connect.',
  },
  verbose: {
    type: 'boolean',
    short: 'v',
    description: 'Print the messages of the connection to the standard error; secrets are masked.',
  },
};

/** Options of commands that send arguments. */
export const ARGUMENT_OPTIONS: OptionSpecs = {
  text: { type: 'boolean', short: 't', description: 'Take the arguments as strings, as they stand.' },
  metadata: {
    type: 'string',
    short: 'm',
    value: 'VALUE',
    description: 'Metadata, an object as MDSF or JSON; @FILE reads it from a file: for tokens.',
  },
};

/** What arguments are, for the help of commands that take them. */
export const ARGUMENTS_HELP =
  'Each VALUE is an argument, as MDSF or JSON: 1, true, [1, 2], {name: "ann"}. A string needs quotes inside those of the shell; with --text all arguments are strings as they stand. @FILE is the value in that file, @- that of the standard input.';

/** Options that would have a secret in the argument list, and what to say instead. */
const SECRETS: Readonly<Record<string, string>> = {
  password:
    'Use --password-file FILE, the environment variable JSTP_PASSWORD, or --login alone: the password is asked for then.',
  credentials:
    'Use --credentials-file FILE, the environment variable JSTP_CREDENTIALS, or --strategy alone: the credentials are asked for then.',
  token: 'Use --strategy NAME with --credentials-file FILE, or the environment variable JSTP_CREDENTIALS.',
  passphrase: 'Use the environment variable JSTP_KEY_PASSPHRASE.',
  header: 'Use --headers-file FILE.',
};

/** Marks an argument that begins with a dash and is a number. No argument of a process has a NUL. */
const NUMBER_MARK = '\0';
const NEGATIVE_NUMBER = /^-(\d|\.\d|Infinity$)/;

/**
 * Reads a command line by the options that it may have.
 * @throws CliError for what it may not have
 */
export function parseLine(argv: readonly string[], specs: OptionSpecs): ParsedLine {
  refuseSecrets(argv);
  const config: ParseArgsConfig = {
    args: argv.map((arg) => (NEGATIVE_NUMBER.test(arg) ? NUMBER_MARK + arg : arg)),
    options: Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, configOf(spec)])),
    allowPositionals: true,
    strict: true,
  };
  try {
    const { values, positionals } = parseArgs(config);
    return {
      values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, unmarked(value)])),
      positionals: positionals.map(unmarkedText),
    };
  } catch (error) {
    throw usageError(...faultOf(error as Error, argv, specs));
  }
}

/** The text of an option; undefined where it was not given. */
export function textOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of an option that may be given again. */
export function textOptions(values: OptionValues, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? (value as string[]) : [];
}

/** Whether a flag was given. */
export function flagOption(values: OptionValues, name: string): boolean {
  return values[name] === true;
}

/**
 * The number of an option.
 * @throws CliError for what is no integer from `least` up
 */
export function countOption(values: OptionValues, name: string, least: number): number | undefined {
  const text = textOption(values, name);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= least) return count;
  throw usageError(`--${name} must be an integer from ${least} up, but is ${JSON.stringify(text)}`);
}

function configOf({ type, short, multiple = false }: OptionSpec): OptionConfig {
  return { type, multiple, ...(short !== undefined && { short }) };
}

function unmarked(value: unknown): OptionValues[string] {
  if (Array.isArray(value)) return value.map((each: string | boolean) => unmarked(each) as string);
  return typeof value === 'string' ? unmarkedText(value) : (value as boolean);
}

function unmarkedText(text: string): string {
  return text.startsWith(NUMBER_MARK) ? text.slice(1) : text;
}

/** Why: every user of a machine can list the arguments of its processes, and shells write them down. */
function refuseSecrets(argv: readonly string[]): void {
  for (const arg of argv) {
    if (arg === '--') return;
    const name = /^--([a-z]+)(=|$)/.exec(arg)?.[1] ?? '';
    if (Object.hasOwn(SECRETS, name)) {
      const text = `--${name} is not taken: all users of the machine could read it in the list of processes`;
      throw usageError(text, SECRETS[name]);
    }
  }
}

function faultOf(error: Error, argv: readonly string[], specs: OptionSpecs): [text: string, hint?: string] {
  const { code } = error as { code?: string };
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return [error.message.replaceAll(NUMBER_MARK, '')];
  const given = argv.map((arg) => /^--?([^=]+)/.exec(arg)?.[1] ?? '');
  const isKnown = (name: string): boolean =>
    Object.hasOwn(specs, name) || Object.values(specs).some(({ short }) => short === name);
  const unknown = given.find((name) => name !== '' && !isKnown(name)) ?? '';
  const nearest = nearestName(unknown, Object.keys(specs));
  const hint = nearest === undefined ? undefined : `Did you mean --${nearest}?`;
  return [`There is no option ${unknown.length > 1 ? '--' : '-'}${unknown}`, hint];
}
