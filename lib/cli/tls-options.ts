import type { ConnectionOptions } from 'node:tls';
import type { Address } from './address.js';
import { usageError } from './cli-error.js';
import { readTextFile } from './files.js';
import type { CliIo } from './io.js';
import { flagOption, textOption, textOptions, type OptionValues } from './options.js';
import type { Output } from './output.js';

const NAMES = ['ca', 'cert', 'key', 'servername', 'insecure'];

/** The options of TLS that the command line gives. */
export async function readTlsOptions(
  values: OptionValues,
  { transport, shown }: Address,
  io: CliIo,
  output: Output,
): Promise<ConnectionOptions> {
  if (transport !== 'tls' && transport !== 'wss') {
    const given = NAMES.find((name) => values[name] !== undefined);
    if (given !== undefined)
      throw usageError(`--${given} is for jstps:// and wss://, and the address is ${JSON.stringify(shown)}`);
    return {};
  }
  const [cert, key, servername] = ['cert', 'key', 'servername'].map((name) => textOption(values, name));
  if ((cert === undefined) !== (key === undefined)) throw usageError('--cert and --key are given together');
  if (flagOption(values, 'insecure'))
    output.warn("the server's certificate is not checked: anybody may be at the other end");
  const authorities = textOptions(values, 'ca');
  const passphrase = io.env['JSTP_KEY_PASSPHRASE'];
  return {
    ...(authorities.length > 0 && { ca: await Promise.all(authorities.map(readTextFile)) }),
    ...(cert !== undefined && { cert: await readTextFile(cert) }),
    ...(key !== undefined && { key: await readTextFile(key) }),
    ...(key !== undefined && passphrase !== undefined && { passphrase }),
    ...(servername !== undefined && { servername }),
    ...(flagOption(values, 'insecure') && { rejectUnauthorized: false }),
  };
}
