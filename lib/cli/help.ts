import type { Command } from './command.js';
import { COMMANDS } from './commands.js';
import { COMMON_OPTIONS, type OptionSpec } from './options.js';

const PROGRAM = 'nestjs-jstp';
const WIDTH = 96;
const INDENT = '  ';

/** The help of the program. */
export function programHelp(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `${INDENT}${name.padEnd(width)}${summary}`,
  );
  return [
    `Usage: ${PROGRAM} COMMAND [ARGUMENT...] [OPTION...]`,
    '',
    'Talks to servers of JSTP: those of nestjs-jstp and of @metarhia/jstp.',
    '',
    'Commands:',
    ...commands,
    '',
    `${INDENT}${PROGRAM} COMMAND --help  says more about one.`,
    `${INDENT}${PROGRAM} --version       prints the version.`,
    '',
    'Addresses: jstp://HOST:PORT/APP@VERSION, jstps:// (TLS), ws:// and wss:// (WebSockets), or the path of a socket.',
  ].join('\n');
}

/** The help of a command. */
export function commandHelp(name: string, { usage, details, options, examples }: Command): string {
  const rows = Object.entries({ ...options, ...COMMON_OPTIONS }).map(
    ([option, spec]) => [optionText(option, spec), spec.description] as const,
  );
  const width = Math.max(...rows.map(([text]) => text.length)) + 2;
  return [
    `Usage: ${PROGRAM} ${name} ${usage} [OPTION...]`,
    '',
    ...details.flatMap((paragraph) => [...wrapped(paragraph, WIDTH), '']),
    'Options:',
    ...rows.flatMap(([text, description]) => optionRows(text.padEnd(width), description)),
    '',
    'Examples:',
    ...examples.flatMap(({ text, line }) => [`${INDENT}# ${text}`, `${INDENT}${PROGRAM} ${line}`]),
  ].join('\n');
}

function optionText(name: string, { short, value }: OptionSpec): string {
  const dashes = short === undefined ? `    --${name}` : `-${short}, --${name}`;
  return value === undefined ? dashes : `${dashes} ${value}`;
}

function optionRows(padded: string, description: string): string[] {
  const [first, ...rest] = wrapped(description, WIDTH - padded.length);
  return [`${INDENT}${padded}${first}`, ...rest.map((line) => INDENT + ' '.repeat(padded.length) + line)];
}

/** A text in lines that are no longer than the width. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
