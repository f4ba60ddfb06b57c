import type { ExtensionOffer } from '../protocol/message.js';

/** The extensions of PROTOCOL.md 5 that need the agreement of both sides. */
export type ExtensionName = 'nest' | 'stream' | 'cancel' | 'bye' | 'resume';

/** Which extensions both sides of a connection have agreed on. */
export type Extensions = Readonly<Record<ExtensionName, boolean>>;

const VERSION = 1;
const NAMES: readonly ExtensionName[] = ['nest', 'stream', 'cancel', 'bye', 'resume'];

/** What a peer that knows no extensions has. */
export const NO_EXTENSIONS: Extensions = {
  nest: false,
  stream: false,
  cancel: false,
  bye: false,
  resume: false,
};

/**
 * What the core offers and accepts unless told otherwise. Not 'nest', which only the Nest layers
 * understand, and not 'bye': `connection.close()` of the core leaves its session alive, as the
 * reference's users rely on when they resume it by another `connect`.
 */
export const CORE_EXTENSIONS: readonly ExtensionName[] = ['stream', 'cancel', 'resume'];

/** What the Nest layer offers and accepts. */
export const ALL_EXTENSIONS: readonly ExtensionName[] = NAMES;

/** The names as the wire has them: `{stream:1,cancel:1}`; undefined where there is nothing to say. */
export function toOffer(names: readonly string[]): ExtensionOffer | undefined {
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, VERSION]));
}

/** What two sides have agreed on, in the forms in which it is needed. */
interface Agreement {
  /** Sorted. */
  readonly names: readonly ExtensionName[];
  readonly flags: Extensions;
  readonly offer: ExtensionOffer | undefined;
}

// One object for all connections that have agreed on the same: by the names' places as bits, and by its own names.
const known: Agreement[] = [];
const byNames = new Map<readonly string[], Agreement>();

/** The names of ours that a peer offered (or accepted) in a version we speak, sorted. */
export function agreedNames(
  ours: readonly ExtensionName[],
  theirs: ExtensionOffer | undefined,
): readonly ExtensionName[] {
  let bits = 0;
  for (const name of theirs ? ours : []) {
    if (theirs && Object.hasOwn(theirs, name) && theirs[name] === VERSION) bits |= bitOf(name);
  }
  return agreementOf(bits).names;
}

/** The agreed names as flags. */
export function toExtensions(names: readonly string[]): Extensions {
  return agreementOn(names).flags;
}

/** The agreed names as the wire has them: the same object for all who have agreed on the same. */
export function toAcceptance(names: readonly string[]): ExtensionOffer | undefined {
  return agreementOn(names).offer;
}

function agreementOn(names: readonly string[]): Agreement {
  // Others are those of stored sessions.
  return byNames.get(names) ?? agreementOf(bitsOf(names));
}

function agreementOf(bits: number): Agreement {
  return (known[bits] ??= createAgreement(NAMES.filter((name) => (bits & bitOf(name)) !== 0).sort()));
}

function createAgreement(names: readonly ExtensionName[]): Agreement {
  const flags = names.length === 0 ? NO_EXTENSIONS : flagsOf(names);
  const agreement = { names: Object.freeze(names), flags, offer: Object.freeze(toOffer(names)) };
  byNames.set(names, agreement);
  return agreement;
}

function flagsOf(names: readonly ExtensionName[]): Extensions {
  return {
    nest: names.includes('nest'),
    stream: names.includes('stream'),
    cancel: names.includes('cancel'),
    bye: names.includes('bye'),
    resume: names.includes('resume'),
  };
}

/** Names that are not known here have no bit. */
function bitsOf(names: readonly string[]): number {
  let bits = 0;
  for (const name of names) bits |= bitOf(name);
  return bits;
}

function bitOf(name: string): number {
  const place = NAMES.indexOf(name as ExtensionName);
  return place < 0 ? 0 : 1 << place;
}

/** Whether two sets of names, both sorted, are the same. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, index) => name === b[index]));
}
