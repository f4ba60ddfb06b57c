import type { Command } from '../command.js';
import { TAP_LISTEN } from '../defaults.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS, type OptionSpecs } from '../options.js';

/** `nestjs-jstp tap` */
export const tapCommand: Command = {
  usage: 'ADDRESS',
  details: [
    'Listens for clients, connects each of them to the server, passes on what both say, and prints it. Clients and server may use different transports. Sessions and resumes go through as they are.',
    'Passwords and other credentials of handshakes, session ids, and members of metadata, arguments and results that are secrets by their names (password, token, cookie...) are masked. A secret that is an argument of its own is not: mind who sees the output.',
  ],
  options: {
    listen: {
      type: 'string',
      value: 'ADDRESS',
      description: `Where clients connect: jstp://, jstps://, ws://, wss://, or the path of a socket. Default: ${TAP_LISTEN}, a free port.`,
    },
    'listen-cert': {
      type: 'string',
      value: 'FILE',
      isFile: true,
      description: 'The certificate for clients, with jstps:// and wss://.',
    },
    'listen-key': { type: 'string', value: 'FILE', isFile: true, description: 'Its key.' },
    full: {
      type: 'boolean',
      description: 'Print whole messages, as they are on the wire but for the secrets.',
    },
    pings: { type: 'boolean', description: 'Print pings, pongs and heartbeats, too.' },
    ...OUTPUT_OPTIONS,
    ...optionsOf('ca', 'cert', 'key', 'servername', 'insecure', 'headers-file', 'origin', 'app'),
  },
  examples: [
    {
      text: 'clients connect to port 4000',
      line: 'tap jstp://localhost:3000 --listen jstp://127.0.0.1:4000',
    },
  ],
  positionals: [1, 1],
  endsBySignal: true,
  run: async (invocation) => (await import('../actions/tap.js')).runTap(invocation),
};

function optionsOf(...names: string[]): OptionSpecs {
  return Object.fromEntries(names.map((name) => [name, CONNECTION_OPTIONS[name]]));
}
