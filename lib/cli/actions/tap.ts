import { isError } from '../../util/errors.js';
import { toLogText } from '../../util/log-text.js';
import { parseAddress, type Address } from '../address.js';
import { CliError, usageError } from '../cli-error.js';
import type { Invocation } from '../command.js';
import { TAP_LISTEN } from '../defaults.js';
import { dialArguments } from '../dial-arguments.js';
import { EXIT } from '../exit-codes.js';
import { readTextFile } from '../files.js';
import { flagOption, textOption, type OptionValues } from '../options.js';
import { Tap } from '../tap/tap.js';
import { TrafficPrinter } from '../tap/traffic-printer.js';

/** Runs `nestjs-jstp tap`. */
export async function runTap({ positionals, values, io, output, signal }: Invocation): Promise<void> {
  const upstream = parseAddress(positionals[0], textOption(values, 'app'));
  const listen = parseAddress(textOption(values, 'listen') ?? TAP_LISTEN);
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
