import type { Command } from '../command.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp inspect` */
export const inspectCommand: Command = {
  usage: 'ADDRESS [INTERFACE...]',
  details: [
    'Shows the interfaces of an application with their methods and events, as far as the server tells: one with the option "reflection" describes all of them, with arguments and results. Of any other one, the INTERFACEs that are named are shown, with the names of their methods.',
  ],
  options: { ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS },
  examples: [
    { text: 'all that the server describes', line: 'inspect jstp://localhost:3000/chat' },
    { text: 'the methods of two interfaces', line: 'inspect jstp://localhost:3000/chat rooms users' },
  ],
  positionals: [1, Infinity],
  run: async (invocation) => (await import('../actions/inspect.js')).runInspect(invocation),
};
