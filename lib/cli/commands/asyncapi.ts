import type { Command } from '../command.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp asyncapi` */
export const asyncApiCommand: Command = {
  usage: 'ADDRESS [INTERFACE...]',
  details: [
    'Prints the AsyncAPI 3 document of an application, as JSON: on several lines, with --json on one. A server with the option "reflection" tells arguments and results. Of any other one, the INTERFACEs that are named are printed, with the names of their methods.',
  ],
  options: { ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS },
  examples: [{ text: 'into a file', line: 'asyncapi jstp://localhost:3000/chat > asyncapi.json' }],
  positionals: [1, Infinity],
  run: async (invocation) => (await import('../actions/asyncapi.js')).runAsyncApi(invocation),
};
