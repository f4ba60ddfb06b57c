import type { Command } from '../command.js';
import { LISTEN_HEARTBEAT } from '../defaults.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS } from '../options.js';

/** `nestjs-jstp listen` */
export const listenCommand: Command = {
  usage: 'ADDRESS [PATTERN...]',
  details: [
    'Prints the events that the server sends to this client, until it is interrupted (Ctrl-C). A connection that is lost comes back, with its session.',
    'A PATTERN is INTERFACE.EVENT or INTERFACE; * stands for any characters. Without one, all events are printed.',
  ],
  options: {
    call: {
      type: 'string',
      multiple: true,
      value: 'CALL',
      description:
        'Call a method first, as "rooms.join(\'kitchen\')", to get the events of a room, say. May be given again.',
    },
    count: { type: 'string', short: 'c', value: 'N', description: 'End after so many events.' },
    'no-reconnect': { type: 'boolean', short: 'R', description: 'End when the connection is lost.' },
    heartbeat: {
      type: 'string',
      value: 'TIME',
      description: `The time between pings. Default: ${LISTEN_HEARTBEAT}.`,
    },
    ...OUTPUT_OPTIONS,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    {
      text: 'the events of a room',
      line: 'listen jstp://localhost:3000/chat rooms --call "rooms.join(\'kitchen\')"',
    },
  ],
  positionals: [1, Infinity],
  endsBySignal: true,
  run: async (invocation) => (await import('../actions/listen.js')).runListen(invocation),
};
