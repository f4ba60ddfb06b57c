/** `npm run bench`: this package beside others, see README.md in this folder. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCalls, runEvents, runLatency, runPayloads, runScale, runSecure } from './groups/calls.js';
import { runBrowser } from './groups/browser.js';
import { runCodec, runFraming } from './groups/codec.js';
import { runIdle } from './groups/connections.js';
import { runDefaults } from './groups/defaults.js';
import { runFlood } from './groups/flood.js';
import { runImport } from './groups/import.js';
import { runResume } from './groups/resume.js';
import { runRooms } from './groups/rooms.js';
import { runSoak } from './groups/soak.js';
import { runStorm } from './groups/storm.js';
import { keep } from './history.js';
import { machineNow } from './machine.js';
import { parseOptions, USAGE } from './options.js';
import { rowsOf } from './rows.js';
import { Runner } from './runner.js';
import { detailTables, targetTable } from './table.js';
import { labelOf } from './contenders/index.js';

/** @import { BenchOptions, Results } from './types.js' */

const GROUPS = [
  runCalls,
  runLatency,
  runEvents,
  runFlood,
  runPayloads,
  runCodec,
  runFraming,
  runIdle,
  runResume,
  runSecure,
  runScale,
  runStorm,
  runRooms,
  runDefaults,
  runImport,
  runBrowser,
  runSoak,
];

const options = parseOptions(process.argv.slice(2));
if (options) await run(options);
else console.log(USAGE);

/** @param {BenchOptions} options */
async function run({ output, isKept, ...measured }) {
  const runner = new Runner({ output, isKept, ...measured });
  try {
    for (const runGroup of GROUPS) await runGroup(runner);
  } finally {
    await runner.end();
  }
  const { samples, absent } = runner;
  /** @type {Results} */
  const results = {
    date: new Date().toISOString(),
    version: versionOf('../../package.json'),
    machine: machineNow(),
    options: measured,
    rows: rowsOf(samples).filter(({ verdict }) => measured.only.length === 0 || verdict !== 'absent'),
    absent,
    samples,
  };
  writeFileSync(output, JSON.stringify(results));
  print(results, runner.startedAt);
  if (isKept) console.log(`kept: ${path.relative('.', keep(results))}`);
}

/**
 * @param {Results} results
 * @param {number} startedAt
 */
function print(results, startedAt) {
  const { machine, absent, options: measured } = results;
  console.log(`\n${detailTables(results)}\n`);
  console.log(`Medians of the rounds; ratios within a round.\n`);
  console.log(targetTable(results));
  for (const [contender, why] of Object.entries(absent))
    console.log(`\n${labelOf(contender)} was not there: ${why}`);
  const pinned = machine.isPinned ? 'pinned' : 'not pinned';
  console.log(
    `\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${pinned}, resume: ${measured.resume}`,
  );
  console.log(
    `${Math.round((Date.now() - startedAt) / 1000)} s; the numbers are in the file given by --output, or in test/bench/results`,
  );
}

/** @param {string} file */
function versionOf(file) {
  const { version } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
  return version;
}
