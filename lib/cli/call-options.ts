import type { StreamOptions } from '../connection/calls/open-stream.js';
import type { Metadata } from '../protocol/message.js';
import { usageError } from './cli-error.js';
import type { Invocation } from './command.js';
import { timeoutOption } from './dial.js';
import { readFileOrInput } from './files.js';
import { textOption } from './options.js';
import { parseValue } from './values.js';

/** The metadata that the options give. */
export async function metadataOption({ values, io }: Invocation): Promise<Metadata | undefined> {
  const text = textOption(values, 'metadata');
  if (text === undefined) return undefined;
  const isFile = text.startsWith('@');
  const value = parseValue(isFile ? await readFileOrInput(text.slice(1), io) : text, 'The metadata');
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array))
    return value as Metadata;
  throw usageError('The metadata must be an object, as {tenant: "acme"}');
}

/** Metadata, time and signal of a call. */
export async function callOptions(invocation: Invocation): Promise<StreamOptions> {
  const { values, output, signal } = invocation;
  return {
    metadata: await metadataOption(invocation),
    timeout: timeoutOption(values),
    signal,
    ...(values['verbose'] === true && {
      onReplyMetadata: (metadata) => output.note(`metadata of the answer: ${output.remark(metadata)}`),
    }),
  };
}
