import type { Command } from '../command.js';
import { BENCH_CONCURRENCY, BENCH_DURATION } from '../defaults.js';
import { ARGUMENT_OPTIONS, ARGUMENTS_HELP, CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp bench` */
export const benchCommand: Command = {
  usage: 'ADDRESS [INTERFACE.METHOD [VALUE...]]',
  details: [
    'Calls a method again and again, or pings where none is named, and prints calls a second and how long they took. One process is one core: it may be slower than the server.',
    ARGUMENTS_HELP,
  ],
  options: {
    duration: {
      type: 'string',
      short: 'd',
      value: 'TIME',
      description: `How long. Default: ${BENCH_DURATION}, where --count is not given.`,
    },
    count: { type: 'string', short: 'c', value: 'N', description: 'How many calls, in the place of a time.' },
    connections: { type: 'string', value: 'N', description: 'How many connections. Default: 1.' },
    concurrency: {
      type: 'string',
      value: 'N',
      description: `How many calls are under way at once on each. Default: ${BENCH_CONCURRENCY}.`,
    },
    ...ARGUMENT_OPTIONS,
    ...OUTPUT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    {
      text: 'ten seconds, 64 calls at once',
      line: 'bench jstp://localhost:3000/chat math.add 2 3 --duration 10s --concurrency 64',
    },
  ],
  positionals: [1, Infinity],
  run: async (invocation) => (await import('../actions/bench.js')).runBench(invocation),
};
