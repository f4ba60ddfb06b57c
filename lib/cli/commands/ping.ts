import type { Command } from '../command.js';
import { PING_COUNT, PING_INTERVAL } from '../defaults.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp ping` */
export const pingCommand: Command = {
  usage: 'ADDRESS',
  details: [
    'Pings a server over one connection, and prints how long each answer takes. The handshake is done before, so that a success also tells that the server lets this client in.',
  ],
  options: {
    count: {
      type: 'string',
      short: 'c',
      value: 'N',
      description: `End after so many pings; 0: none. Default: ${PING_COUNT}.`,
    },
    interval: {
      type: 'string',
      short: 'i',
      value: 'TIME',
      description: `The time between pings. Default: ${PING_INTERVAL}.`,
    },
    ...OUTPUT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    {
      text: 'whether a server answers, for scripts',
      line: 'ping jstp://localhost:3000/chat --count 1 --timeout 2s',
    },
  ],
  positionals: [1, 1],
  run: async (invocation) => (await import('../actions/ping.js')).runPing(invocation),
};
