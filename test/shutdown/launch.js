/** `npm run test:shutdown`: runs run.ts. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBundle } from '../support/launch-bundle.js';

await launchBundle(fileURLToPath(import.meta.resolve('./run.ts')), {
  nodeOptions: [],
  dirname: path.resolve(import.meta.dirname, '../support'),
});
