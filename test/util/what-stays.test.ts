import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, jest, test } from '@jest/globals';
import { isVersion, isVersionRange } from '../../lib/application/version-text.js';
import { parse, parseBytes, stringify } from '../../lib/mdsf/index.js';
import { targetOf } from '../../lib/nest/target.js';
import { plainText } from '../../lib/protocol/attached-message.js';
import { formatCall, formatCallbackOk, formatEvent } from '../../lib/protocol/format-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';
import { partsOf } from '../../lib/protocol/message-parts.js';
import { MessageSplitter } from '../../lib/protocol/splitter.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { intern } from '../../lib/util/intern.js';
import { toLogText } from '../../lib/util/log-text.js';
import { turns } from '../support/quiet.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const KIB = 1024;
const LENGTH = 16 * KIB;
const TIMES = 30;
/** A few texts may stay, of those that came last; not one for each. */
const MAX_STAYS = 12 * LENGTH;

let made = 0;

/** A text that nobody has seen, as long as told. */
function unique(length = LENGTH): string {
  made += 1;
  return `u${String(made)}_`.padEnd(length, 'x');
}

async function heldBytes(): Promise<number> {
  // What lives until the next turn goes, and what is weak goes with the second collection.
  await turns(2);
  collect();
  await turns(2);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const read = (text: string): unknown => parseMessage(Buffer.from(text), nodeDecoder, DEFAULT_LIMITS);

/** Everything of a module's own that is fed by what comes over the wire, or goes there. */
const FEEDERS: Readonly<Record<string, () => unknown>> = {
  'keys that are written': () => stringify({ [unique()]: 1 }),
  'keys with strings that are written': () => stringify([{ a: 'x', [unique()]: 'y', b: 'z' }]),
  'keys that are written, each after another short one': () => stringify({ [unique(20)]: 1, [unique()]: 2 }),
  'strings that are written': () => stringify([`${unique()}'`, `${unique()}\u2028`]),
  'keys that are read from a text': () => parse(`{'${unique()}':1,a:{'${unique()}':2}}`),
  'keys that are read from bytes': () => parseBytes(Buffer.from(`{'${unique()}':1,'ü':'ü'}`), nodeDecoder),
  'strings that are read from bytes': () =>
    parseBytes(Buffer.from(`["${unique()}",'ü\\n${unique()}']`), nodeDecoder),
  'names of calls that are made': () => formatCall(1, unique(), unique(), []),
  'names of events that are sent': () => formatEvent(1, 'short', unique(), []),
  'results that are sent': () => partsOf(plainText(formatCallbackOk(1, [unique()]))),
  'names of calls that come': () => read(`{call:[1,'${unique()}'],${unique()}:[]}`),
  'names of kinds that come': () => read(`{${unique()}:[1]}`),
  'applications that are asked for': () =>
    read(`{handshake:[0,'${unique()}','${unique()}'],login:['${unique()}','']}`),
  'messages in pieces': () => {
    const splitter = new MessageSplitter(DEFAULT_LIMITS);
    const bytes = Buffer.from(`{a:'${unique(12 * LENGTH)}'}\0`);
    for (let at = 0; at < bytes.length; at += 25 * KIB)
      splitter.push(bytes.subarray(at, at + 25 * KIB), () => true);
  },
  'messages that never end': () => {
    new MessageSplitter(DEFAULT_LIMITS).push(Buffer.from(unique()), () => true);
  },
  'patterns of Nest': () => targetOf(`${unique()}.${unique()}`, String),
  'texts of versions': () => [isVersion(unique()), isVersionRange(`1.0.0 || ${unique()}`)],
  'texts of their own': () => intern(unique()),
  'lines of a log': () => toLogText(`${unique()}\n`),
};

/** What stays of one or several of them, that were fed before. */
async function leftBy(feeders: readonly (() => unknown)[]): Promise<number> {
  const before = await heldBytes();
  for (const feed of feeders) for (let time = 0; time < TIMES; time++) feed();
  return (await heldBytes()) - before;
}

// In a worker with much in its heap, each collection takes seconds.
jest.setTimeout(180_000);

test('of large unique texts little stays, wherever they come or go', async () => {
  const feeders = Object.values(FEEDERS);
  for (const feed of feeders) feed();
  // All together. Why not one after the other: two collections for each took a minute.
  if ((await leftBy(feeders)) < MAX_STAYS) return;
  const left: Record<string, number> = {};
  for (const [what, feed] of Object.entries(FEEDERS)) {
    const bytes = await leftBy([feed]);
    if (bytes >= MAX_STAYS) left[what] = bytes;
  }
  expect(left).toEqual({});
});
