import { ChildProcess } from '../processes/child-process.js';
import { BESIDE, TARGETS } from '../targets.js';

/** @import { Runner } from '../runner.js' */
/** @import { Slice } from '../types.js' */

const CORE = 1;
const CODEC_CELLS = [...TARGETS, ...BESIDE].filter(({ of }) => of === 'jstp').map(({ cell }) => cell);

/** @param {Runner} runner */
export async function runCodec(runner) {
  const { isQuick, rounds } = runner.options;
  await inOneProcess(runner, 'codec', CODEC_CELLS, (child) =>
    child.ask('codec', { sliceMs: isQuick ? 15 : 100, rounds: rounds * 2 + 1 }),
  );
}

/** @param {Runner} runner */
export async function runFraming(runner) {
  await inOneProcess(runner, 'framing', ['framing'], (child) =>
    child.ask('framing', { rounds: runner.options.rounds * 2 + 1 }),
  );
}

/**
 * @param {Runner} runner
 * @param {string} group
 * @param {readonly string[]} cells
 * @param {(child: ChildProcess) => Promise<Slice[]>} measure
 */
async function inOneProcess(runner, group, cells, measure) {
  if (!runner.selection.wantsAny(group, cells)) return;
  runner.say(group);
  const child = new ChildProcess(CORE);
  try {
    for (const { cell, round, nanoseconds } of await measure(child)) {
      for (const [contender, value] of Object.entries(nanoseconds)) {
        if (!runner.selection.wants(group, cell, contender)) continue;
        runner.record({ group, cell, contender, round, values: { nanoseconds: value } });
      }
    }
  } finally {
    await child.end();
  }
}
