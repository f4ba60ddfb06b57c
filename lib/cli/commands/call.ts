import { ARGUMENTS_HELP, ARGUMENT_OPTIONS, callOptions } from '../call-options.js';
import type { Command, Invocation } from '../command.js';
import { dial, hangUp } from '../dial.js';
import { inputValues } from '../input-values.js';
import { CONNECTION_OPTIONS, flagOption, OUTPUT_OPTIONS } from '../options.js';
import { Progress } from '../progress.js';
import { parseTarget } from '../target.js';
import { parseArguments } from '../values.js';

/** `nestjs-jstp call` */
export const callCommand: Command = {
  usage: 'ADDRESS INTERFACE.METHOD [VALUE...]',
  details: [
    'Calls a method and prints its result; of a method that streams, each value as it comes. A method without a result prints nothing. An interrupt (Ctrl-C) cancels the call at the server.',
    ARGUMENTS_HELP,
  ],
  options: {
    ...ARGUMENT_OPTIONS,
    'stream-input': {
      type: 'boolean',
      description:
        'Let the last argument be a stream of the lines of the standard input, each a value (with --text a string).',
    },
    raw: { type: 'boolean', description: 'Write strings and bytes as they are, unless to a terminal.' },
    ...OUTPUT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    {
      text: 'with two arguments',
      line: 'call jstp://localhost:3000/chat rooms.say "\'kitchen\'" "{text: \'hello\'}"',
    },
    {
      text: 'a stream of a server with a login',
      line: 'call --login ann jstps://example.org:3000/chat rooms.history --text kitchen',
    },
  ],
  positionals: [2, Infinity],
  run: runCall,
};

async function runCall(invocation: Invocation): Promise<void> {
  const { positionals, values, io, output } = invocation;
  const { interfaceName, name } = parseTarget(positionals[1]);
  const isText = flagOption(values, 'text');
  const args = await parseArguments(positionals.slice(2), isText, io);
  const options = await callOptions(invocation);
  if (flagOption(values, 'stream-input')) args.push(inputValues(io, isText));
  const connection = await dial(invocation);
  const progress = new Progress(io);
  try {
    for await (const value of connection.stream(interfaceName, name, args, options)) {
      progress.add();
      if (flagOption(values, 'raw') && isRaw(value)) await output.bytes(value);
      else await output.value(value);
    }
  } finally {
    progress.end();
    await hangUp(connection);
  }
}

function isRaw(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array;
}
