import { callOptions } from '../call-options.js';
import type { Invocation } from '../command.js';
import { dial, hangUp } from '../dial.js';
import { inputValues } from '../input-values.js';
import { flagOption } from '../options.js';
import { Progress } from '../progress.js';
import { parseTarget } from '../target.js';
import { parseArguments } from '../values.js';

/** Runs `nestjs-jstp call`. */
export async function runCall(invocation: Invocation): Promise<void> {
  const { positionals, values, io, output } = invocation;
  const { interfaceName, name } = parseTarget(positionals[1]);
  const isText = flagOption(values, 'text');
  const args = await parseArguments(positionals.slice(2), isText, io);
  const options = await callOptions(invocation);
  if (flagOption(values, 'stream-input')) args.push(inputValues(io, isText));
  const connection = await dial(invocation);
  const progress = new Progress(io);
  try {
    for await (const value of connection.stream(interfaceName, name, args, options)) {
      progress.add();
      if (flagOption(values, 'raw') && isRaw(value)) await output.bytes(value);
      else await output.value(value);
    }
  } finally {
    progress.end();
    await hangUp(connection);
  }
}

function isRaw(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array;
}
