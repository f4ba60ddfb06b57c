import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { isError } from '../util/errors.js';
import { nearestName } from '../util/nearest-name.js';
import { toLogText } from '../util/log-text.js';
import { usageError } from './cli-error.js';
import type { Command, CommandEntry } from './command.js';
import { COMMANDS } from './commands.js';
import { EXIT } from './exit-codes.js';
import type { CliIo, EndSignal } from './io.js';
import { COMMON_OPTIONS, flagOption, parseLine } from './options.js';
import { Output } from './output.js';

/**
 * Runs a command line.
 * @param argv the arguments behind the program's name
 * @returns the exit code of the process
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  const end = new AbortController();
  // Every call that is under way listens.
  setMaxListeners(0, end.signal);
  let ended: EndSignal | 'pipe' | undefined;
  let endsBySignal = false;
  const stop = (by: EndSignal | 'pipe'): void => {
    ended ??= by;
    end.abort();
  };
  const ignoreSignals = io.onSignal(stop);
  // Nobody reads any more (`| head`), or the disk is full.
  const onBroken = (): void => stop('pipe');
  io.stdout.on('error', onBroken);
  io.stderr.on('error', onBroken);
  const output = new Output(io, argv.includes('--json'), end.signal);
  try {
    const [name = '', ...rest] = argv;
    if (name === '' || name.startsWith('-')) return await runProgram(argv, output);
    const entry = entryOf(name);
    const command = await entry.load();
    endsBySignal = command.endsBySignal === true;
    await runCommand(name, command, rest, { io, output, signal: end.signal });
  } catch (error) {
    if (ended === undefined) return await tell(error, io, output);
  } finally {
    ignoreSignals();
    // Later errors of the pipe concern nobody: the listener of these streams stays.
  }
  if (ended === undefined || ended === 'pipe' || endsBySignal) return EXIT.done;
  return EXIT[ended];
}

/** What is asked of the program, and of no command. */
async function runProgram(argv: readonly string[], output: Output): Promise<number> {
  const { values } = parseLine(argv, {
    ...COMMON_OPTIONS,
    version: { type: 'boolean', short: 'V', description: 'Print the version.' },
  });
  if (flagOption(values, 'version')) {
    await output.line(versionOfPackage());
    return EXIT.done;
  }
  const { programHelp } = await import('./help.js');
  if (!flagOption(values, 'help') && argv.length > 0) throw usageError('The command is missing');
  if (flagOption(values, 'help')) await output.line(programHelp());
  else output.raw(programHelp());
  return flagOption(values, 'help') ? EXIT.done : EXIT.usage;
}

async function runCommand(
  name: string,
  command: Command,
  argv: readonly string[],
  rest: { io: CliIo; output: Output; signal: AbortSignal },
): Promise<void> {
  const { values, positionals } = parseLine(argv, { ...command.options, ...COMMON_OPTIONS });
  if (flagOption(values, 'help')) {
    const { commandHelp } = await import('./help.js');
    await rest.output.line(commandHelp(name, command));
    return;
  }
  const [fewest, most] = command.positionals;
  const usage = `Usage: nestjs-jstp ${name} ${command.usage}`;
  if (positionals.length < fewest) throw usageError('An argument is missing', usage);
  if (positionals.length > most)
    throw usageError(`There is an argument too many: ${JSON.stringify(positionals[most])}`, usage);
  await command.run({ values, positionals, ...rest });
}

function entryOf(name: string): CommandEntry {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name];
  const nearest = nearestName(name, Object.keys(COMMANDS));
  const hint = nearest === undefined ? 'nestjs-jstp --help lists them.' : `Did you mean ${nearest}?`;
  throw usageError(`There is no command ${JSON.stringify(name)}`, hint);
}

/** Tells why a command has failed. @returns the exit code */
async function tell(error: unknown, io: CliIo, output: Output): Promise<number> {
  const { failureOf, failureText } = await import('./failures.js');
  const failure = failureOf(error);
  if (output.isJson) {
    const { jsonText } = await import('./json-text.js');
    const { exitCode, ...told } = failure;
    output.raw(jsonText({ error: { ...told, exitCode } }));
  } else output.raw(failureText(failure, output.errorStyle));
  if (failure.exitCode === EXIT.fault && isError(error) && (io.env['DEBUG'] ?? '') !== '')
    output.raw(
      (error.stack ?? '')
        .split('\n')
        .map((line) => toLogText(line))
        .join('\n'),
    );
  return failure.exitCode;
}

function versionOfPackage(): string {
  // dist/cli and lib/cli are as deep.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
