import { parseAddress } from '../address.js';
import type { Invocation } from '../command.js';
import { describe } from '../describe.js';
import { jsonText } from '../json-text.js';
import { textOption } from '../options.js';

/** Runs `nestjs-jstp asyncapi`. */
export async function runAsyncApi(invocation: Invocation): Promise<void> {
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
