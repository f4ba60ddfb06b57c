import { MAX_USERNAME_LENGTH } from './limits.js';

/** The kinds of message whose second key is a name that applications choose. */
export type NamedKind = 'call' | 'event' | 'handshake';

/** Why they are not portable: objects put such keys before all others, and the name would be taken for the kind. */
const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;

/** Control characters (NUL, tab and line feed among them), line and paragraph separators, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Whether a name can be sent to every JSTP peer, as the second key of a message. The following cannot: the empty string,
 * integer-like names ('17'), `__proto__`, and the name of the message's own kind, whose place it would take
 * (`{call:[1,'iface'],call:[]}`). Only peers that both agreed on the extension `nest` may use them.
 * @param name - a method, event or handshake strategy
 * @param kind - the message's kind. @default every kind: the name has to be portable in each
 */
export function isPortableName(name: string, kind?: NamedKind): boolean {
  if (name === '' || name === '__proto__' || INTEGER_LIKE.test(name)) return false;
  return kind === undefined ? name !== 'call' && name !== 'event' && name !== 'handshake' : name !== kind;
}

/**
 * Whether a text can be the name of a user: at most {@link MAX_USERNAME_LENGTH} characters, printable and not blank. The
 * text is not trimmed.
 */
export function isUsername(name: string): boolean {
  return name.length <= MAX_USERNAME_LENGTH && name.trim() !== '' && !UNPRINTABLE.test(name);
}
