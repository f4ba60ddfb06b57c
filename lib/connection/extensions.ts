import type { ExtensionOffer } from '../protocol/message.js';

/** The extensions that need the agreement of both sides; docs/protocol.md describes them. */
export type ExtensionName =
  'nest' | 'stream' | 'source' | 'cancel' | 'bye' | 'resume' | 'bytes' | 'attachments';

/** Which extensions both sides of a connection have agreed on. */
export type Extensions = Readonly<Record<ExtensionName, boolean>> & {
  /** The largest message in bytes that the peer takes; undefined: it has not told. */
  readonly peerMaxBytes: number | undefined;
};

const VERSION = 1;
const NONE: readonly ExtensionName[] = [];
// One list for all sessions that have agreed on the same, by its key.
const agreed: (readonly ExtensionName[])[] = [];
const NAMES: readonly ExtensionName[] = [
  'nest',
  'stream',
  'source',
  'cancel',
  'bye',
  'resume',
  'bytes',
  'attachments',
];

/**
 * What both sides agree on for a transport. Each handshake agrees on it afresh, whatever the session was made with. Why: a
 * session may come back on another transport, and at another server.
 */
export interface TransportTerms {
  /** The largest message in bytes that the peer takes; undefined: it has not told. */
  readonly peerMaxBytes: number | undefined;
  /** Whether large bytes go behind the text of a message. */
  readonly attachments: boolean;
}

/** What a peer that knows no extensions has. */
export const NO_EXTENSIONS: Extensions = /* @__PURE__ */ flagsOf([]);

/**
 * What the core offers and accepts by default. Not 'nest', which only the Nest layers understand. Not 'bye': the core's
 * `connection.close()` leaves its session alive, as users of the reference rely on when they resume it by another
 * `connect`.
 */
export const CORE_EXTENSIONS: readonly ExtensionName[] = [
  'stream',
  'source',
  'cancel',
  'resume',
  'bytes',
  'attachments',
];

/** What the Nest layer offers and accepts. */
export const ALL_EXTENSIONS: readonly ExtensionName[] = NAMES;

/**
 * The names as the wire has them: `{stream:1,cancel:1,max:8388608}`; undefined where there is nothing to say.
 * @param maxBytes the largest message in bytes that this side takes; undefined: it is not told
 */
export function toOffer(names: readonly string[], maxBytes?: number): ExtensionOffer | undefined {
  if (names.length === 0) return undefined;
  const offer: Record<string, unknown> = {};
  for (const name of names) offer[name] = VERSION;
  // A limit that is undefined is not written.
  offer['max'] = maxBytes;
  return offer;
}

/** What a peer's offer (or answer) makes of the transport on which it comes. @param ours what this side offers */
export function termsOf(ours: readonly ExtensionName[], theirs: ExtensionOffer | undefined): TransportTerms {
  const attachments = ours.includes('attachments') && speaks(theirs, 'attachments');
  return { peerMaxBytes: maxBytesOf(theirs), attachments };
}

/** What was answered last. */
let lastAnswer:
  | {
      readonly names: readonly string[];
      readonly attachments: boolean;
      readonly maxBytes: number | undefined;
      readonly offer: ExtensionOffer | undefined;
    }
  | undefined;

/**
 * The answer to a peer's offer, as {@link toOffer} makes it. One object for all that get the same in turn, whose text is
 * written once.
 * @param names those of the session
 */
export function toAnswer(
  names: readonly string[],
  terms: TransportTerms,
  maxBytes: number | undefined,
): ExtensionOffer | undefined {
  const { attachments } = terms;
  const isSame =
    lastAnswer?.names === names && lastAnswer.attachments === attachments && lastAnswer.maxBytes === maxBytes;
  if (!isSame)
    lastAnswer = { names, attachments, maxBytes, offer: toOffer(answerNames(names, terms), maxBytes) };
  return lastAnswer?.offer;
}

/** The names for the answer to a peer's offer, sorted. @param names those of the session */
function answerNames(names: readonly string[], { attachments }: TransportTerms): readonly string[] {
  return attachments && names.includes('bytes') ? ['attachments', ...names] : names;
}

/** The largest message in bytes that a peer says it takes; undefined where it tells none. */
function maxBytesOf(offer: ExtensionOffer | undefined): number | undefined {
  const max = offer && Object.hasOwn(offer, 'max') ? offer['max'] : undefined;
  return typeof max === 'number' && Number.isSafeInteger(max) && max > 0 ? max : undefined;
}

/** The names of ours that a peer offered (or accepted) for the session in a version we speak, sorted. */
export function agreedNames(
  ours: readonly ExtensionName[],
  theirs: ExtensionOffer | undefined,
): readonly ExtensionName[] {
  if (theirs === undefined) return NONE;
  let key = 0;
  for (const name of ours) {
    if (name !== 'attachments' && speaks(theirs, name)) key |= 1 << NAMES.indexOf(name);
  }
  return (agreed[key] ??= namesOf(key));
}

/** @param key has a bit for each of {@link NAMES} */
function namesOf(key: number): readonly ExtensionName[] {
  const names = NAMES.filter((_, place) => (key & (1 << place)) !== 0).sort();
  // Without `resume`, a cut would lose values of a stream that is an argument, and nobody could tell.
  return names.includes('resume') ? names : names.filter((name) => name !== 'source');
}

function speaks(offer: ExtensionOffer | undefined, name: ExtensionName): boolean {
  return offer !== undefined && Object.hasOwn(offer, name) && offer[name] === VERSION;
}

// One object for all connections that have agreed on the same. The key has a bit for each name; where peers have told
// different limits, the last one is kept.
const known: Extensions[] = [NO_EXTENSIONS];

/**
 * The agreed names as flags.
 * @param ofSession the names that the session was made with
 */
export function toExtensions(ofSession: readonly string[], terms: TransportTerms): Extensions {
  const names = answerNames(ofSession, terms);
  const { peerMaxBytes } = terms;
  const key = NAMES.reduce((bits, name, place) => bits | (Number(names.includes(name)) << place), 0);
  // A peer without extensions has made no offer, and so told no limit.
  if (key === 0) return NO_EXTENSIONS;
  const same = known[key] as Extensions | undefined;
  if (same && same.peerMaxBytes === peerMaxBytes) return same;
  return (known[key] = flagsOf(names, peerMaxBytes));
}

function flagsOf(names: readonly string[], peerMaxBytes?: number): Extensions {
  return {
    nest: names.includes('nest'),
    stream: names.includes('stream'),
    source: names.includes('source'),
    cancel: names.includes('cancel'),
    bye: names.includes('bye'),
    resume: names.includes('resume'),
    bytes: names.includes('bytes'),
    attachments: names.includes('attachments'),
    peerMaxBytes,
  };
}

/** Whether two sets of names, both sorted, are the same. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
