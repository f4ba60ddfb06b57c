import { setImmediate as nextTurn } from 'node:timers/promises';
import { parse, parseBytes, stringify } from '../../lib/mdsf/index.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';
import { MessageSplitter } from '../../lib/protocol/splitter.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';

const TAKES_BYTES = { bytes: true, attachments: true };
/** By so much reading may take longer for twice the input. */
const MAX_RATIO = 2.3;
/** How often the input is doubled. Why several times: a list that grows, or a cache that is full, makes steps, which even out. */
const DOUBLINGS = 4;
/** A shorter time says nothing, and counts as this one. The first input is doubled until it takes longer, in milliseconds. */
const MIN_MS = 0.5;
const FIRST_BYTES = 16 * 1024;
const MAX_BYTES = 2 ** 19;
/** A shape that takes so much longer is not measured on. Why: what it takes grows with each size, up to minutes. */
const CLEARLY_TOO_MUCH = 3;
/** After so many attempts, and once more in the next round. */
const CLEAR_ATTEMPTS = 3;
/** A machine with other work is slow now and then: the best time of many runs counts, and only what stays too slow. */
const RUNS = 3;
const ATTEMPTS = 12;
/** From so many sizes on, each twice the last, a shape may show that it is linear. */
const PLACES = 3;
/** What was too slow is measured again when all others were. */
const ROUNDS = 4;

const WITH_BYTES = { bytes: true };
const LIMITS = { ...DEFAULT_LIMITS, maxMessageNodes: Infinity };

/** Does the work for an input of about so many bytes; what it prepares is not measured. */
type Shape = (bytes: number) => () => unknown;

/** Reads a text from its bytes. Errors are as good as values: what matters is the time. */
function reading(textOf: (bytes: number) => string): Shape {
  return (bytes) => {
    const data = Buffer.from(textOf(bytes));
    return () => quietly(() => parseBytes(data, nodeDecoder, WITH_BYTES));
  };
}

function readingText(textOf: (bytes: number) => string): Shape {
  return (bytes) => {
    const text = textOf(bytes);
    return () => quietly(() => parse(text, WITH_BYTES));
  };
}

/** Reads a message whose argument is the text. */
function readingMessage(textOf: (bytes: number) => string): Shape {
  return (bytes) => {
    const data = Buffer.from(`{call:[1,'echo'],back:[${textOf(bytes)}]}`);
    return () => quietly(() => parseMessage(data, nodeDecoder, LIMITS, undefined, TAKES_BYTES));
  };
}

/** Cuts a stream that comes in chunks of a size. */
function cutting(textOf: (bytes: number) => string, chunkBytes: number): Shape {
  return (bytes) => {
    const stream = Buffer.from(textOf(bytes));
    return () => {
      const splitter = new MessageSplitter({ maxMessageBytes: Infinity });
      for (let at = 0; at < stream.length; at += chunkBytes)
        splitter.push(stream.subarray(at, at + chunkBytes), () => true);
    };
  };
}

function writing(valueOf: (bytes: number) => unknown): Shape {
  return (bytes) => {
    const value = valueOf(bytes);
    return () => stringify(value);
  };
}

/** As many copies as make so many bytes. */
const times =
  (part: string, before = '', behind = '') =>
  (bytes: number): string =>
    before + part.repeat(bytes / Buffer.byteLength(part)) + behind;
/** Ever other texts, made of a number, until there are so many bytes. */
const numbered =
  (make: (n: number) => string, before: string, behind: string) =>
  (bytes: number): string => {
    const parts: string[] = [];
    for (let n = 0, length = 0; length < bytes; n++) length += parts[parts.push(make(n)) - 1].length;
    return before + parts.join('') + behind;
  };

/** Texts that have cost, or might cost, more than their length. */
const TEXTS: Readonly<Record<string, (bytes: number) => string>> = {
  'arrays that are never closed': times('['),
  'arrays in arrays, as deep as allowed': times(`${'['.repeat(250)}${']'.repeat(250)},`, '[', ']'),
  'objects that are never closed': times('{a:'),
  'objects in objects, as deep as allowed': times(`${'{a:'.repeat(250)}0${'}'.repeat(250)},`, '[', ']'),
  holes: times(',', '[', ']'),
  'holes that are never closed': times(',', '[', ''),
  'escapes of one string': times('\\n', "'", "'"),
  'escapes by code point': times('\\u{1f600}', "'", "'"),
  'escapes that are wrong at the end': times('\\u{1f600}', "'", "\\u{'"),
  'braces that are never closed': times('\\u{', "'", "'"),
  'backslashes alone': times('\\', "'", "'"),
  'quotes of the other kind': times('"', "'", "'"),
  'strings that are never closed': times("'x"),
  'long strings, with an escape at the end': times(`'${'x'.repeat(300)}',`, '[', "'\\n']"),
  'long strings with an escape each': times(`'${'x'.repeat(300)}\\n',`, '[', ']'),
  'one long string': times('x', "'", "'"),
  'one long string beyond ASCII': times('я', "'", "'"),
  'many strings beyond ASCII': times("'я',", '[', ']'),
  'one wide character behind ASCII': times("'xxxxxxxxxxxxxxx',", '[', "'я']"),
  'a number of many digits': times('7'),
  'a fraction of many digits': times('0', '0.', '7'),
  'an exponent of many digits': times('9', '1e'),
  'a hexadecimal number of many digits': times('f', '0x'),
  'bytes of nothing': times('``,', '[', ']'),
  'short bytes': times('`QUI=`,', '[', ']'),
  'bytes of many characters': times('QUJD', '`', '`'),
  'bytes that are wrong at the end': times('QUJD', '`', 'Q-==`'),
  'bytes that are never closed': times('QUJD', '[`', ''),
  'bytes between long strings': times(`'${'x'.repeat(300)}',\`QQ==\`,`, '[', ']'),
  'bytes behind text beyond ASCII': times('`QQ==`,', "['я',", ']'),
  'numbers that are hard to round': times('0.30000000000000004,', '[', ']'),
  'comments in a row': times('/**/', '', '1'),
  'comments of stars': times('*', '/*', ''),
  'slashes of lines': times('//\n', '', '1'),
  'wide blanks': times('\u00a0', '', '1'),
  'blanks between parts': times(' , ', '[', ']'),
  'the same key': times('a:1,', '{', '}'),
  'distinct keys': numbered((n) => `k${n}:0,`, '{', '}'),
  'distinct keys in objects of their own': numbered((n) => `{k${n}:0},`, '[', ']'),
  'distinct keys with quotes': numbered((n) => `"k ${n}":0,`, '{', '}'),
  'long distinct keys': numbered((n) => `${'k'.repeat(200)}${n}:0,`, '{', '}'),
  'keys beyond ASCII': numbered((n) => `'я${n}':0,`, '{', '}'),
  'integers as keys': numbered((n) => `${n}:0,`, '{', '}'),
  'integers as keys, far apart': numbered((n) => `'${n * 4096}':0,`, '{', '}'),
  'integers as keys that share their low bits': numbered(
    (n) => `'${(n * 65_536) % 16_777_216}':0,`,
    '{',
    '}',
  ),
  'integers as keys beyond 32 bits': numbered((n) => `'${n * 2 ** 32 + 1}':0,`, '{', '}'),
  'integers as keys, downwards': numbered((n) => `'${4_000_000_000 - n}':0,`, '{', '}'),
  'members that are undefined': times('a:undefined,', '{', '}'),
  'keys __proto__': times('__proto__:{},', '{', '}'),
  'JSON beyond ASCII': times('{"a":"я"},', '[', '0]'),
  'JSON up to a fault at the end': times('{"a":"я"},', '[', "'']"),
  'JSON in JSON that is none': times('["я",', '', ''),
  'JSON of decimals': times('0.30000000000000004,', '[', '0]'),
};

const FRAMES: Readonly<Record<string, (bytes: number) => string>> = {
  'many short messages': times('{}\0'),
  'one message': times('x', '', '\0'),
  'one message without an end': times('x'),
};

function shapes(): Map<string, Shape> {
  const all = new Map<string, Shape>();
  for (const [name, textOf] of Object.entries(TEXTS)) {
    all.set(`${name}, from bytes`, reading(textOf));
    all.set(`${name}, from a string`, readingText(textOf));
    all.set(`${name}, in a message`, readingMessage(textOf));
  }
  for (const [name, textOf] of Object.entries(FRAMES)) {
    for (const size of [1, 100, 65_536]) all.set(`${name}, in chunks of ${size}`, cutting(textOf, size));
  }
  const objects = (bytes: number): unknown =>
    Array.from({ length: bytes / 16 }, (_, n) => ({ id: n, text: "it's" }));
  all.set('objects, written', writing(objects));
  all.set(
    'objects beside undefined, written',
    writing((bytes) => [undefined, objects(bytes)]),
  );
  all.set(
    'distinct keys, written',
    writing((bytes) => parse(numbered((n) => `k${n}:0,`, '{', 'u:[,]}')(bytes))),
  );
  all.set(
    'a long string, written',
    writing((bytes) => times("я'")(bytes)),
  );
  return all;
}

/**
 * Measures how the time of each shape grows with its input.
 * @param log gets a line for each shape that is too slow
 * @returns how many are
 */
export async function checkLinear(log: (line: string) => void): Promise<number> {
  const all = shapes();
  const growths = new Map<string, Growth>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, shape] of all) {
      const before = growths.get(name);
      if (before && (before.ratio <= MAX_RATIO || (round > 1 && before.ratio > CLEARLY_TOO_MUCH))) continue;
      const growth = await growthOf(shape);
      if (!before || growth.ratio < before.ratio) growths.set(name, growth);
    }
  }
  const [worst, ...others] = [...growths].sort(([, one], [, other]) => other.ratio - one.ratio);
  const slow = [worst, ...others].filter(([, { ratio }]) => ratio > MAX_RATIO);
  for (const [name, { bytes, ratio }] of slow)
    log(`  ${name}: ${ratio.toFixed(2)} times as long for each doubling, from ${bytes} bytes on`);
  const [name, { ratio }] = worst;
  log(`linear: ${all.size} shapes, ${slow.length} too slow; the worst is ${ratio.toFixed(2)}, ${name}`);
  return slow.length;
}

interface Growth {
  /** The size of the smaller input. */
  readonly bytes: number;
  /** By how much a shape takes longer for twice the input. */
  readonly ratio: number;
}

/** The least growth from a few sizes on: what is more than linear shows from each of them. */
export async function growthOf(shape: Shape): Promise<Growth> {
  let bytes = FIRST_BYTES;
  while (bytes < MAX_BYTES && bestOf(RUNS, shape(bytes)) < MIN_MS) bytes *= 2;
  let least: Growth = { bytes, ratio: Infinity };
  for (let place = 0; place < PLACES && least.ratio > MAX_RATIO; place++) {
    const growth = await growthFrom(shape, bytes * 2 ** place);
    if (growth.ratio < least.ratio) least = growth;
    if (growth.ratio > CLEARLY_TOO_MUCH) break;
  }
  return least;
}

async function growthFrom(shape: Shape, bytes: number): Promise<Growth> {
  const [work, more] = [shape(bytes), shape(bytes * 2 ** DOUBLINGS)];
  let [few, many, ratio] = [Infinity, Infinity, Infinity];
  for (let attempt = 0; attempt < ATTEMPTS && ratio > MAX_RATIO; attempt++) {
    await nextTurn();
    globalThis.gc?.();
    few = Math.min(few, bestOf(RUNS, work));
    many = Math.min(many, bestOf(RUNS, more));
    ratio = (many / Math.max(few, MIN_MS)) ** (1 / DOUBLINGS);
    if (ratio > CLEARLY_TOO_MUCH && attempt + 1 >= CLEAR_ATTEMPTS) break;
  }
  return { bytes, ratio };
}

function bestOf(runs: number, work: () => unknown): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) best = Math.min(best, msOf(work));
  return best;
}

/** The time on the clock or of the processor, whichever is less: the one has other processes in it, the other V8's threads. */
function msOf(work: () => unknown): number {
  const cpu = process.cpuUsage();
  const start = performance.now();
  work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(ms, (user + system) / 1000);
}

function quietly(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
