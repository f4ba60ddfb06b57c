import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { Finding, type Input, type Target } from './target.js';

/** How many inputs are kept to be changed further. The oldest of this run make room. */
const MAX_POOL = 4000;
/** A longer input is not kept, in characters. */
const MAX_KEPT = 2000;
/** After so many inputs the target's state as a whole is looked at. */
const REST_EVERY = 2000;
const MAX_FINDINGS = 5;

/** Something that was found, and the input that shows it. */
export interface Found {
  readonly input: Input;
  readonly error: unknown;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly messages: number;
  /** How many different outcomes there were. */
  readonly outcomes: number;
  /** Inputs with an outcome that the corpus has not. */
  readonly fresh: readonly Input[];
  readonly found: readonly Found[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly corpus: readonly Input[];
  /** Asked before each input. */
  readonly goesOn: (messages: number) => boolean;
}

/**
 * Runs a target with the inputs of its corpus, then with changed and new ones. All follows from the seed and the corpus.
 * An input whose outcome is new is changed further.
 */
export async function fuzz(target: Target, { seed, corpus, goesOn }: FuzzOptions): Promise<FuzzReport> {
  const random = new SeededRandom(seed);
  const pool = [...corpus];
  const outcomes = new Set<string>();
  const fresh: Input[] = [];
  const found: Found[] = [];
  let inputs = 0;
  let messages = 0;
  const run = async (input: Input): Promise<boolean> => {
    inputs += 1;
    messages += target.count(input);
    const outcome = await outcomeOf(target, input);
    if (typeof outcome !== 'string') {
      found.push(outcome);
      return false;
    }
    if (outcomes.has(outcome)) return false;
    outcomes.add(outcome);
    return true;
  };
  for (const input of corpus) await run(input);
  while (goesOn(messages) && found.length < MAX_FINDINGS) {
    const input = nextInput(target, pool, random);
    if ((await run(input)) && input.join('').length <= MAX_KEPT) {
      fresh.push(input);
      pool.push(input);
      if (pool.length > MAX_POOL) pool.splice(corpus.length, 1);
    }
    if (inputs % REST_EVERY === 0) await rest(target, input, found);
  }
  await rest(target, [], found);
  return { inputs, messages, outcomes: outcomes.size, fresh, found };
}

function nextInput(target: Target, pool: readonly Input[], random: SeededRandom): Input {
  if (pool.length === 0 || random.happens(0.15)) return target.generate(random);
  // The newest ones more often.
  const recent = random.happens(0.3) ? Math.max(0, pool.length - 100) : 0;
  return target.mutate(pool[random.between(recent, pool.length - 1)], random, random.pick(pool));
}

async function outcomeOf(target: Target, input: Input): Promise<string | Found> {
  try {
    const outcome = target.run(input);
    return typeof outcome === 'string' ? outcome : await outcome;
  } catch (error) {
    return { input, error };
  }
}

async function rest(target: Target, input: Input, found: Found[]): Promise<void> {
  try {
    await target.rest?.();
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    found.push({ input, error });
  }
}
