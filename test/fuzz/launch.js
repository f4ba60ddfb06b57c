/** `npm run fuzz`: runs run.ts. */
import { fileURLToPath } from 'node:url';
import { launchBundle } from '../support/launch-bundle.js';

await launchBundle(fileURLToPath(import.meta.resolve('./run.ts')), {
  // Why so small a heap: what a peer can make grow without a bound ends the run. Its young part is so large that what
  // `--linear` reads fits in: times would make a step where it does not.
  nodeOptions: ['--expose-gc', '--max-old-space-size=512', '--max-semi-space-size=64'],
  dirname: import.meta.dirname,
});
