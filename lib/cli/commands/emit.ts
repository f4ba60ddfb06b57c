import { isError } from '../../util/errors.js';
import { ARGUMENTS_HELP, ARGUMENT_OPTIONS, metadataOption } from '../call-options.js';
import { usageError } from '../cli-error.js';
import type { Command, Invocation } from '../command.js';
import { dial, hangUp } from '../dial.js';
import { CONNECTION_OPTIONS, flagOption, OUTPUT_OPTIONS } from '../options.js';
import { pingOnce } from '../ping-once.js';
import { parseTarget } from '../target.js';
import { parseArguments } from '../values.js';

/** `nestjs-jstp emit` */
export const emitCommand: Command = {
  usage: 'ADDRESS INTERFACE.EVENT [VALUE...]',
  details: [
    'Sends an event, and ends when the server has received it. An event has no answer: whether a handler was there, or has failed, is not known.',
    ARGUMENTS_HELP,
  ],
  options: { ...ARGUMENT_OPTIONS, ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS },
  examples: [{ text: 'with one argument', line: 'emit jstp://localhost:3000/chat rooms.typing --text ann' }],
  positionals: [2, Infinity],
  run: runEmit,
};

async function runEmit(invocation: Invocation): Promise<void> {
  const { positionals, values, io } = invocation;
  const { interfaceName, name } = parseTarget(positionals[1]);
  const args = await parseArguments(positionals.slice(2), flagOption(values, 'text'), io);
  const metadata = await metadataOption(invocation);
  const connection = await dial(invocation);
  try {
    const error = connection.sendEvent(interfaceName, name, args, metadata);
    if (error !== undefined) throw isError(error) ? error : usageError('The event cannot be sent');
    await pingOnce(connection, invocation);
  } finally {
    await hangUp(connection);
  }
}
