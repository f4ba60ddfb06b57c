import { isError } from '../../util/errors.js';
import { metadataOption } from '../call-options.js';
import { usageError } from '../cli-error.js';
import type { Invocation } from '../command.js';
import { dial, hangUp } from '../dial.js';
import { flagOption } from '../options.js';
import { pingOnce } from '../ping-once.js';
import { parseTarget } from '../target.js';
import { parseArguments } from '../values.js';

/** Runs `nestjs-jstp emit`. */
export async function runEmit(invocation: Invocation): Promise<void> {
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
