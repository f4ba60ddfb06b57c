import type { Command } from '../command.js';
import { CONNECTION_OPTIONS } from '../options.js';

/** `nestjs-jstp types` */
export const typesCommand: Command = {
  usage: 'ADDRESS [INTERFACE...]',
  details: [
    'Prints the TypeScript interface of an application, for typed clients: nestjs-jstp types ADDRESS > chat.ts. A server with the option "reflection" tells arguments and results. Of any other one, the INTERFACEs that are named are printed, with the names of their methods.',
  ],
  options: CONNECTION_OPTIONS,
  examples: [{ text: 'into a file', line: 'types jstp://localhost:3000/chat > chat.ts' }],
  positionals: [1, Infinity],
  run: async (invocation) => (await import('../actions/types.js')).runTypes(invocation),
};
