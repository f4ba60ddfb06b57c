import { TextCache } from '../util/text-cache.js';
import { quoteKey } from './quote.js';

/** A key as it is written before its value. */
export interface MemberPrefix {
  /** `,key:` or `,'the key':` */
  readonly text: string;
  /** {@link text} with the apostrophe that begins a string. */
  readonly textOfString: string;
  /** `{key:`, for an object's first member. */
  readonly first: string;
  /** {@link first} with the apostrophe that begins a string. */
  readonly firstOfString: string;
}

const MAX_KEYS = 1024;
/** The longest key that is kept, in UTF-16 units. */
const MAX_KEY_LENGTH = 64;

const prefixes = new TextCache<MemberPrefix>(MAX_KEYS, MAX_KEY_LENGTH);

/**
 * The forms in which a key is written.
 *
 * Why they are kept: the same objects are written again and again, and checking a key for what has to be quoted takes
 * longer than finding it (`npm run bench:shortcuts`).
 */
export function memberPrefix(key: string): MemberPrefix {
  return prefixes.get(key) ?? prefixes.add(key, createPrefix);
}

function createPrefix(key: string): MemberPrefix {
  const text = quoteKey(key) + ':';
  return {
    text: ',' + text,
    textOfString: ',' + text + "'",
    first: '{' + text,
    firstOfString: '{' + text + "'",
  };
}
