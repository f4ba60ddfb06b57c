import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { scratchFolder } from '../support/scratch-folder.js';
import { CoverageMap } from './coverage-map.js';
import { mutantsOf } from './mutants.js';
import { runJest } from './run-jest.js';
import { TypeCheck } from './type-check.js';

/** @typedef {import('./mutants.js').Mutant} Mutant */

const ROOT = path.resolve(import.meta.dirname, '../..');
const EQUIVALENTS = path.join(import.meta.dirname, 'equivalents.txt');
const HELP = `npm run test:mutation -- [--room session] [--file journal] [--only 'text'] [--sample 40] [--seed 7] [--tests 12] [--fresh]

Makes changes to lib, one at a time, and tells which no test notices.
  --room    a folder of lib; several as session,server. Default: all that have a bound
  --file    only files with this in their names
  --only    only changes with this text in their names, as they are printed
  --sample  so many changes of each room. Default: 40
  --skip    leaves out so many of the sample, for a run that was interrupted. Default: 0
  --seed    other changes for another number. Default: 7
  --tests   so many test files at most for each change. One that only further files would notice counts as survived.
            Default: 12
  --fresh   notes again what each test file runs (kept in coverage/mutation.json)
`;

/** The rooms of which the tests must notice so much, in percent, without what is equivalent. */
const BOUNDS = new Map(
  ['session', 'connection', 'server', 'protocol', 'nest', 'redis'].map((room) => [room, 85]),
);

const { values } = parseArgs({
  options: {
    room: { type: 'string', default: [...BOUNDS.keys()].join(',') },
    file: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    sample: { type: 'string', default: '40' },
    skip: { type: 'string', default: '0' },
    seed: { type: 'string', default: '7' },
    tests: { type: 'string', default: '12' },
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await main();

async function main() {
  const equivalents = readEquivalents();
  const coverage = await CoverageMap.load(values.fresh, say);
  const types = new TypeCheck();
  const { folder, remove } = scratchFolder('jstp-mutation-');
  try {
    for (const room of values.room.split(',')) {
      say(`\n${room}, --sample ${values.sample} --seed ${values.seed}`);
      await tryRoom(room, { equivalents, coverage, types, folder });
    }
  } finally {
    remove();
  }
}

/**
 * @param {string} room
 * @param {{ equivalents: Map<string, string>, coverage: CoverageMap, types: TypeCheck, folder: string }} tools
 */
async function tryRoom(room, { equivalents, coverage, types, folder }) {
  const counts = { killed: 0, survived: 0, equivalent: 0 };
  const left = shuffled(mutantsOfRoom(room), wholeNumber('seed'));
  for (let tried = 0; tried < wholeNumber('sample');) {
    const mutant = left.pop();
    if (!mutant) break;
    const text = readFileSync(path.join(ROOT, mutant.file), 'utf8');
    if (!types.allows(mutant.file, text.slice(0, mutant.start) + mutant.text + text.slice(mutant.end)))
      continue;
    tried += 1;
    if (tried <= wholeNumber('skip')) continue;
    const word = equivalents.get(mutant.key);
    const tests = coverage.testsOf(mutant.file, text, mutant.start).slice(0, wholeNumber('tests'));
    const killer = word ? undefined : await killerOf(mutant, tests, coverage.msOf(tests), folder);
    const outcome = word ? 'equivalent' : killer ? 'killed' : 'survived';
    counts[outcome] += 1;
    say(
      `${outcome.padEnd(10)} ${mutant.file}:${mutant.line}  ${mutant.key}` +
        (word
          ? `  (${word})`
          : killer
            ? `\n           by ${killer}`
            : `\n           in ${tests.length} test files`),
    );
  }
  const { killed, survived, equivalent } = counts;
  const score = (100 * killed) / Math.max(killed + survived, 1);
  say(`${room}: ${killed} killed, ${survived} survived, ${equivalent} equivalent: ${score.toFixed(1)} %`);
  if (score < (BOUNDS.get(room) ?? 0)) process.exitCode = 1;
}

/**
 * What notices a change; undefined if nothing does.
 * @param {Mutant} mutant
 * @param {readonly string[]} tests
 * @param {number} ms that the tests take
 * @param {string} folder
 */
async function killerOf(mutant, tests, ms, folder) {
  if (tests.length === 0) return undefined;
  const change = path.join(folder, 'change.json');
  const order = path.join(folder, 'order.json');
  const killer = path.join(folder, 'killer.txt');
  writeFileSync(change, JSON.stringify(mutant));
  writeFileSync(order, JSON.stringify(tests.map((test) => path.join(ROOT, test))));
  writeFileSync(killer, '');
  const env = {
    JSTP_MUTANT: change,
    JSTP_ORDER: order,
    JSTP_KILLER: killer,
    JSTP_WAIT_LIMIT_MS: '6000',
    TMPDIR: folder,
  };
  const { code, isTimedOut, output } = await runJest(
    ['--bail', '--runTestsByPath', ...tests],
    env,
    30_000 + 4 * ms,
  );
  if (code === 0) return undefined;
  if (isTimedOut) return 'no end of the tests';
  const [first] = readFileSync(killer, 'utf8').split('\n');
  return first || `what does not even load: ${output.slice(0, 200)}`;
}

/** @param {'sample' | 'skip' | 'seed' | 'tests'} option */
function wholeNumber(option) {
  const number = Number(values[option]);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`--${option} must be a whole number of 0 or more, but ${values[option]} was given`);
  return number;
}

/** @param {string} room */
function mutantsOfRoom(room) {
  const files = readdirSync(path.join(ROOT, 'lib', room), { recursive: true, encoding: 'utf8' })
    .map((name) => `lib/${room}/${name.replaceAll(path.sep, '/')}`)
    .filter((name) => name.endsWith('.ts') && name.includes(values.file))
    .sort();
  return files
    .flatMap((file) => mutantsOf(file, readFileSync(path.join(ROOT, file), 'utf8')))
    .filter(({ key }) => key.includes(values.only));
}

/** The changes that change nothing anyone could notice: a line for each, `word | key`. */
function readEquivalents() {
  /** @type {Map<string, string>} */
  const words = new Map();
  for (const line of readFileSync(EQUIVALENTS, 'utf8').split('\n')) {
    const at = line.indexOf(' | ');
    if (at > 0 && !line.startsWith('#')) words.set(line.slice(at + 3), line.slice(0, at));
  }
  return words;
}

/**
 * In an order that the seed alone decides.
 * @template T
 * @param {T[]} items
 * @param {number} seed
 */
function shuffled(items, seed) {
  const result = [...items];
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [result[index], result[other]] = [/** @type {T} */ (result[other]), /** @type {T} */ (result[index])];
  }
  return result;
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}
