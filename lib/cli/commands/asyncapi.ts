import { parseAddress } from '../address.js';
import type { Command, Invocation } from '../command.js';
import { describe } from '../describe.js';
import { jsonText } from '../json-text.js';
import { CONNECTION_OPTIONS, OUTPUT_OPTIONS, textOption } from '../options.js';

/** `nestjs-jstp asyncapi` */
export const asyncApiCommand: Command = {
  usage: 'ADDRESS [INTERFACE...]',
  details: [
    'Prints the AsyncAPI 3 document of an application, as JSON: on several lines, with --json on one. A server with the option "reflection" tells arguments and results. Of any other one, the INTERFACEs that are named are printed, with the names of their methods.',
  ],
  options: { ...OUTPUT_OPTIONS, ...CONNECTION_OPTIONS },
  examples: [{ text: 'into a file', line: 'asyncapi jstp://localhost:3000/chat > asyncapi.json' }],
  positionals: [1, Infinity],
  run: runAsyncApi,
};

async function runAsyncApi(invocation: Invocation): Promise<void> {
  const { positionals, values, output } = invocation;
  const { url, path, shown } = parseAddress(positionals[0], textOption(values, 'app'));
  const [description, { asyncApiOf }] = await Promise.all([
    describe(invocation, positionals.slice(1)),
    import('../../reflection/asyncapi.js'),
  ]);
  // A socket's path is no address for others.
  const servers = path === undefined ? { servers: { server: url ?? shown } } : {};
  const document = asyncApiOf(description, servers);
  await output.text(jsonText(document, output.isJson ? undefined : 2));
}
