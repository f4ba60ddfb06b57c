import type { Command } from '../command.js';
import { ARGUMENT_OPTIONS, ARGUMENTS_HELP, CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp emit` */
export const emitCommand: Command = {
  usage: 'ADDRESS INTERFACE.EVENT [VALUE...]',
  details: [
    'Sends an event, and ends when the server has received it. An event has no answer: whether a handler was there, or has failed, is not known.',
    ARGUMENTS_HELP,
  ],
  options: { ...ARGUMENT_OPTIONS, ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS },
  examples: [{ text: 'with one argument', line: 'emit jstp://localhost:3000/chat rooms.typing --text ann' }],
  positionals: [2, Infinity],
  run: async (invocation) => (await import('../actions/emit.js')).runEmit(invocation),
};
