import type { Command } from '../command.js';
import { ARGUMENT_OPTIONS, ARGUMENTS_HELP, CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

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
  run: async (invocation) => (await import('../actions/call.js')).runCall(invocation),
};
