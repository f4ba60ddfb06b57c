import { quoteKey } from './quote.js';

/** A key as it is written before its value. */
export interface MemberPrefix {
  /** The key. */
  readonly key: string;
  /** `,key:` or `,'the key':` */
  readonly text: string;
  /** The same and the apostrophe that begins a string. */
  readonly textOfString: string;
  /** `{key:`, for an object's first. */
  readonly first: string;
  /** The same and the apostrophe that begins a string. */
  readonly firstOfString: string;
  /** The entry that came after this one last time. */
  next: MemberPrefix;
}

/** Beyond this many keys the cache begins anew. */
const MAX_KEYS = 1024;
const MAX_KEY_LENGTH = 64;

const prefixes = new Map<string, MemberPrefix>();
let last = makePrefix('');

/**
 * How a key is written, from a bounded cache. The key that followed last time is expected, which
 * takes one comparison: the same objects are written again and again.
 */
export function memberPrefix(key: string): MemberPrefix {
  const expected = last.next;
  if (expected.key === key) {
    last = expected;
    return expected;
  }
  // What is not in the cache must not be kept by what is: each entry would hold one such key for good.
  if (key.length > MAX_KEY_LENGTH) return makePrefix(key);
  const prefix = prefixes.get(key) ?? addPrefix(key);
  last.next = prefix;
  last = prefix;
  return prefix;
}

function addPrefix(key: string): MemberPrefix {
  const prefix = makePrefix(key);
  if (prefixes.size >= MAX_KEYS) prefixes.clear();
  prefixes.set(key, prefix);
  return prefix;
}

function makePrefix(key: string): MemberPrefix {
  const text = quoteKey(key) + ':';
  const prefix: { -readonly [Name in keyof MemberPrefix]?: MemberPrefix[Name] } = {
    key,
    text: ',' + text,
    textOfString: ',' + text + "'",
    first: '{' + text,
    firstOfString: '{' + text + "'",
    next: undefined,
  };
  return Object.assign(prefix, { next: prefix }) as MemberPrefix;
}
