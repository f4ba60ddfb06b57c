import { parseArgs } from 'node:util';
import { lineOf, readCorpus, readInputs, writeCorpus } from './corpus.js';
import { fuzz, type Found } from './fuzzer.js';
import { checkLinear } from './linear.js';
import type { Input } from './target.js';
import { TARGETS } from './targets.js';

const USAGE = `npm run fuzz -- [--minutes 1] [--messages N] [--seed N] [--target ${Object.keys(TARGETS).join(',')}]
npm run fuzz -- --replay FILE --target NAME
npm run fuzz -- --linear

  --minutes   how long, all targets together
  --messages  instead of a time: how many messages for each target. The same seed and number give the same run
  --seed      for what is left to chance; a run prints its own
  --target    some of the targets only
  --keep      writes inputs with new outcomes to test/fuzz/corpus
  --replay    runs the inputs of a file, one a line, as a run prints them
  --linear    checks that reading takes at most 2.3 times as long for twice the input, over nasty shapes`;

/** How many inputs a target's corpus has at most, and the longest line of one that is added. */
const MAX_CORPUS = 200;
const MAX_KEPT_LINE = 400;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    messages: { type: 'string' },
    seed: { type: 'string' },
    target: { type: 'string' },
    keep: { type: 'boolean', default: false },
    replay: { type: 'string' },
    linear: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < Infinity)) throw new Error(`--${option} ${text} is no number\n${USAGE}`);
  return value;
}

function targetNames(): readonly string[] {
  const names = values.target?.split(',') ?? Object.keys(TARGETS);
  const unknown = names.find((name) => !Object.hasOwn(TARGETS, name));
  if (unknown !== undefined) throw new Error(`Unknown target ${unknown}\n${USAGE}`);
  return names;
}

/** Runs one target. @returns how many findings there were */
async function runTarget(name: string, seed: number, ms: number): Promise<number> {
  const start = performance.now();
  const most = values.messages === undefined ? Infinity : numberOf('messages', values.messages);
  const target = TARGETS[name](false);
  const report = await fuzz(target, {
    seed,
    corpus: readCorpus(name),
    goesOn: (messages) => (most < Infinity ? messages < most : performance.now() - start < ms),
  });
  await target.close?.();
  const { inputs, messages, outcomes, fresh, found } = report;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${name}: ${messages} messages in ${inputs} inputs, ${outcomes} outcomes, ${found.length} findings, ${seconds} s`,
  );
  if (values.keep) keep(name, fresh);
  show(name, found);
  return found.length;
}

/** Adds the shortest inputs to the corpus, up to its size. */
function keep(name: string, fresh: readonly Input[]): void {
  const corpus = readCorpus(name);
  const length = (input: Input): number => lineOf(input).length;
  const short = fresh.filter((input) => length(input) <= MAX_KEPT_LINE).sort((a, b) => length(a) - length(b));
  writeCorpus(name, [...corpus, ...short.slice(0, Math.max(0, MAX_CORPUS - corpus.length))]);
}

function show(name: string, found: readonly Found[]): void {
  for (const { input, error } of found) {
    console.log(`  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    console.log(`  by the input (a line for --replay --target ${name}):\n  ${lineOf(input)}`);
  }
}

async function replay(file: string): Promise<number> {
  const [name] = targetNames();
  const corpus = readInputs(file);
  const target = TARGETS[name](true);
  const { inputs, found } = await fuzz(target, { seed: 1, corpus, goesOn: () => false });
  await target.close?.();
  console.log(`${name}: ${inputs} inputs, ${found.length} findings`);
  show(name, found);
  return found.length;
}

async function runAll(): Promise<number> {
  // Why: most inputs end in an error, and its stack would take most of the time. A replay shows it.
  Error.stackTraceLimit = 0;
  const seed = values.seed === undefined ? Date.now() % 1e9 : numberOf('seed', values.seed);
  const names = targetNames();
  const ms = (numberOf('minutes', values.minutes) * 60_000) / names.length;
  console.log(`--seed ${seed}`);
  let findings = 0;
  for (const name of names) findings += await runTarget(name, seed, ms);
  return findings;
}

if (values.help) console.log(USAGE);
else {
  let findings: number;
  if (values.linear) findings = await checkLinear(console.log);
  else findings = values.replay === undefined ? await runAll() : await replay(values.replay);
  console.log(findings === 0 ? 'All well' : `${findings} FOUND`);
  process.exitCode = findings === 0 ? 0 : 1;
}
