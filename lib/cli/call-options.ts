import type { StreamOptions } from '../connection/calls/open-stream.js';
import type { Metadata } from '../protocol/message.js';
import { usageError } from './cli-error.js';
import type { Invocation } from './command.js';
import { timeoutOption } from './dial.js';
import { readFileOrInput } from './files.js';
import { textOption, type OptionSpecs } from './options.js';
import { parseValue } from './values.js';

/** Options of commands that send arguments. */
export const ARGUMENT_OPTIONS: OptionSpecs = {
  text: { type: 'boolean', short: 't', description: 'Take the arguments as strings, as they stand.' },
  metadata: {
    type: 'string',
    short: 'm',
    value: 'VALUE',
    description: 'Metadata, an object as MDSF or JSON; @FILE reads it from a file: for tokens.',
  },
};

/** What arguments are, for the help of commands that take them. */
export const ARGUMENTS_HELP =
  'Each VALUE is an argument, as MDSF or JSON: 1, true, [1, 2], {name: "ann"}. A string needs quotes inside those of the shell; with --text all arguments are strings as they stand. @FILE is the value in that file, @- that of the standard input.';

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
