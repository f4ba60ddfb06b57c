import type { Invocation } from '../command.js';
import { describe } from '../describe.js';

/** Runs `nestjs-jstp types`. */
export async function runTypes(invocation: Invocation): Promise<void> {
  const [description, { typesOf }] = await Promise.all([
    describe(invocation, invocation.positionals.slice(1)),
    import('../../reflection/typescript.js'),
  ]);
  await invocation.output.text(typesOf(description));
}
