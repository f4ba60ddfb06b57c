/** `npm run fuzz`: runs run.ts. */
import { fileURLToPath } from 'node:url';
import { launchBundle } from '../support/launch-bundle.js';

await launchBundle(fileURLToPath(import.meta.resolve('./run.ts')), {
  // Why so small a heap: what a peer can make grow without a bound ends the run.
  nodeOptions: ['--expose-gc', '--max-old-space-size=512'],
  dirname: import.meta.dirname,
});
