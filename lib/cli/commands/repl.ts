import type { Command } from '../command.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp repl` */
export const replCommand: Command = {
  usage: '[ADDRESS]',
  details: [
    "Reads calls and commands line by line, and prints what comes of them: rooms.join('kitchen'), emit rooms.typing 'ann', inspect, help. Values may go over several lines. Tab completes what the server tells. Events are printed as they come.",
    'The lines are kept in ~/.nestjs_jstp_history, which nobody else can read; JSTP_HISTORY names another file, or none where it is empty. Lines that may hold a secret, or begin with a blank, are left out. From a pipe, the lines are read without a prompt.',
  ],
  options: { ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS },
  examples: [
    { text: 'as ann, who is asked for her password', line: 'repl --login ann jstp://localhost:3000/chat' },
  ],
  positionals: [0, 1],
  endsBySignal: true,
  run: async (invocation) => {
    const { Repl } = await import('../repl/repl.js');
    await new Repl(invocation).run(invocation.positionals[0]);
  },
};
