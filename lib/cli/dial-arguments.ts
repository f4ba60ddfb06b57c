import type { Address } from './address.js';
import { usageError } from './cli-error.js';
import { readFileOrInput } from './files.js';
import type { CliIo } from './io.js';
import { textOption, type OptionValues } from './options.js';
import type { Output } from './output.js';
import { readTlsOptions } from './tls-options.js';

/** The arguments with which the entry of an address's transport dials. */
export async function dialArguments(
  values: OptionValues,
  address: Address,
  io: CliIo,
  output: Output,
): Promise<readonly unknown[]> {
  const { transport, host, port, path, url } = address;
  const tls = await readTlsOptions(values, address, io, output);
  const headersFile = textOption(values, 'headers-file');
  const origin = originIn(textOption(values, 'origin'));
  if (transport === 'ws' || transport === 'wss') {
    const headers = headersFile === undefined ? {} : parseHeaders(await readFileOrInput(headersFile, io));
    return [{ ...tls, headers, ...(origin !== undefined && { origin }) }, url];
  }
  if (headersFile !== undefined) throw usageError('--headers-file is for ws:// and wss://');
  if (origin !== undefined) throw usageError('--origin is for ws:// and wss://');
  return [path === undefined ? { ...tls, host, port } : { path }];
}

/** Checks an origin: what a browser names is a scheme, a host and a port. */
function originIn(text: string | undefined): string | undefined {
  if (text === undefined || text === 'null') return text;
  if (URL.canParse(text) && /^[\w+.-]+:\/\/[^\s/?#]+\/?$/.test(text)) return text.replace(/\/$/, '');
  throw usageError('--origin is no origin', 'As in https://example.org:8443.');
}

/** Reads headers, one `Name: value` a line. An error names the line, and shows nothing of it: it may be a secret. */
function parseHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line) ?? [];
    if (name === '') throw usageError(`Line ${index + 1} of the headers is not as "Name: value"`);
    headers[name] = value;
  }
  return headers;
}
