/**
 * `npm run bench:ratios`: ratios that vary little from machine to machine, with room, so that a regression is seen.
 * Nothing is asserted about time itself. Ends with code 1 and names what is over its bound.
 */
import { median } from './statistics.js';
import { measureAllocations } from './workloads/allocations.js';
import { measureCodec } from './workloads/codec.js';
import { measureFraming } from './workloads/framing.js';

/** @import { Slice } from './types.js' */

const SLICE_MS = 12;
const ROUNDS = 15;

/**
 * What is bounded: the time of a codec over that of JSON for the same value.
 * @type {Readonly<Record<string, number>>}
 */
const CODEC_BOUNDS = {
  'parse-small': 1.2,
  'parse-object': 1.7,
  'parse-rows': 1.9,
  'parse-numbers': 2.6,
  'parse-json': 1.5,
  'parse-string-bytes': 0.8,
  'stringify-small': 1.4,
  'stringify-object': 1.7,
  'stringify-rows': 2,
  'stringify-string': 0.4,
};
/** 8 is linear. */
const FRAMING_BOUND = 14;
/** Bytes that a call in memory allocates, over those of the same messages by JSON. */
const ALLOCATION_BOUND = 5;
/** Bytes that a call leaves behind. */
const RETENTION_BOUND = 64;

let failures = 0;

/**
 * @param {string} name
 * @param {number} value
 * @param {number} bound
 */
function check(name, value, bound) {
  const isFine = value <= bound;
  const line = `${name}: ${value.toFixed(2)} (at most ${bound})`;
  if (isFine) console.log(`ok     ${line}`);
  else console.error(`FAILED ${line}`);
  if (!isFine) failures += 1;
}

/**
 * The median of the ratios of the rounds.
 * @param {readonly Slice[]} slices of one cell
 * @param {string} of
 * @param {string} to
 */
function ratioOf(slices, of, to) {
  return median(slices.map(({ nanoseconds }) => nanoseconds[of] / nanoseconds[to]));
}

const codec = measureCodec({ sliceMs: SLICE_MS, rounds: ROUNDS });
for (const [cell, bound] of Object.entries(CODEC_BOUNDS)) {
  const slices = codec.filter((slice) => slice.cell === cell);
  check(`${cell}, time against JSON`, ratioOf(slices, 'jstp', 'json'), bound);
}
check(
  'framing, time of 8 MiB against 1 MiB',
  ratioOf(measureFraming({ rounds: ROUNDS }), '8 MiB', '1 MiB'),
  FRAMING_BOUND,
);

const { perCallBytes, jsonBytes, retainedBytes } = await measureAllocations();
check(
  `bytes allocated by a call in memory (${perCallBytes.toFixed(0)}) against its messages as JSON (${jsonBytes.toFixed(0)})`,
  perCallBytes / jsonBytes,
  ALLOCATION_BOUND,
);
check('bytes that a call leaves behind', retainedBytes, RETENTION_BOUND);

if (failures > 0) {
  console.error(`${failures} of the ratios are over their bounds`);
  process.exitCode = 1;
}
