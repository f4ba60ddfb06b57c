import type { Invocation } from '../command.js';
import { describe } from '../describe.js';
import { descriptionText } from '../description-text.js';

/** Runs `nestjs-jstp inspect`. */
export async function runInspect(invocation: Invocation): Promise<void> {
  const { output, positionals } = invocation;
  const description = await describe(invocation, positionals.slice(1));
  await output.either(() => descriptionText(description, output.style), description);
}
