import { isError } from '../../util/errors.js';
import { toLogText } from '../../util/log-text.js';
import { parseAddress, type Address } from '../address.js';
import { CliError, usageError } from '../cli-error.js';
import type { Command, Invocation } from '../command.js';
import { dialArguments } from '../dial-arguments.js';
import { EXIT } from '../exit-codes.js';
import { readTextFile } from '../files.js';
import {
  CONNECTION_OPTIONS,
  flagOption,
  OUTPUT_OPTIONS,
  textOption,
  type OptionSpecs,
  type OptionValues,
} from '../options.js';
import { Tap } from '../tap/tap.js';
import { TrafficPrinter } from '../tap/traffic-printer.js';

const DEFAULT_LISTEN = 'jstp://127.0.0.1:0';

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
      description: `Where clients connect: jstp://, jstps://, ws://, wss://, or the path of a socket. Default: ${DEFAULT_LISTEN}, a free port.`,
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
  run: runTap,
};

function optionsOf(...names: string[]): OptionSpecs {
  return Object.fromEntries(names.map((name) => [name, CONNECTION_OPTIONS[name]]));
}

async function runTap({ positionals, values, io, output, signal }: Invocation): Promise<void> {
  const upstream = parseAddress(positionals[0], textOption(values, 'app'));
  const listen = parseAddress(textOption(values, 'listen') ?? DEFAULT_LISTEN);
  const args = await dialArguments(values, upstream, io, output);
  const secure = await secureOptions(values, listen);
  const printer = new TrafficPrinter(output, {
    isFull: flagOption(values, 'full'),
    showsPings: flagOption(values, 'pings'),
  });
  const tap = new Tap({ listen, secure, upstream, args }, printer);
  let where: string;
  try {
    where = await tap.listen();
  } catch (error) {
    const reason = isError(error) ? toLogText(error.message) : 'unknown reason';
    throw new CliError(EXIT.connection, `Nothing can listen at ${toLogText(listen.shown)}: ${reason}`);
  }
  output.note(`Listening at ${where}, for ${toLogText(upstream.shown)}. Ctrl-C ends it.`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await tap.close();
}

async function secureOptions(
  values: OptionValues,
  { transport }: Address,
): Promise<{ cert: string; key: string } | undefined> {
  const [cert, key] = ['listen-cert', 'listen-key'].map((name) => textOption(values, name));
  if (transport === 'net' || transport === 'ws') {
    if (cert === undefined && key === undefined) return undefined;
    throw usageError('--listen-cert and --listen-key are for jstps:// and wss://');
  }
  if (cert === undefined || key === undefined)
    throw usageError('To listen for TLS takes --listen-cert and --listen-key');
  return { cert: await readTextFile(cert), key: await readTextFile(key) };
}
