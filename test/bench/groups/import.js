import { IMPORTED, importOnce } from '../workloads/import-cost.js';
import { rotate } from '../runner.js';

/** @import { Runner } from '../runner.js' */

const GROUP = 'import';

/**
 * What it takes to load an entry, each in a process of its own.
 * @param {Runner} runner
 */
export async function runImport(runner) {
  const contenders = await runner.present(GROUP, { name: GROUP, contenders: IMPORTED });
  if (contenders.length === 0) return;
  runner.say(GROUP);
  for (let round = 0; round < runner.options.rounds; round++) {
    for (const contender of rotate(contenders, round))
      runner.record({ group: GROUP, cell: GROUP, contender, round, values: importOnce(contender) });
  }
}
