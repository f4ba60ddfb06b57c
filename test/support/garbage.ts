import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turns } from './quiet.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects what nothing refers to, and lets run what waits for that. */
export async function collectGarbage(): Promise<void> {
  // What lives until the next turn goes, and what is weak goes with the second collection.
  await turns(2);
  collect();
  await turns(2);
  collect();
  await turns(2);
}
