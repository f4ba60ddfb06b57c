import { MAX_USERNAME_LENGTH } from './limits.js';

/** Kinds of message whose second key is a name that applications choose. */
export type NamedKind = 'call' | 'event' | 'handshake';

/** Objects put such keys before all others, so the name would be taken for the kind. */
const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;

/** Control characters (NUL, tab and line feed among them), line and paragraph separators, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Whether every JSTP peer can be sent this name as the second key of a message. Not portable are the
 * empty string, integer-like names ('17'), `__proto__`, and the name of the message's own kind,
 * which would take its place (`{call:[1,'iface'],call:[]}`). Such names exist only between peers
 * that both agreed on `nest`.
 * @param name - a method, event or handshake strategy
 * @param kind - the message's kind; without it the name must be portable in every kind
 */
export function isPortableName(name: string, kind?: NamedKind): boolean {
  if (name === '' || name === '__proto__' || INTEGER_LIKE.test(name)) return false;
  return kind === undefined ? name !== 'call' && name !== 'event' && name !== 'handshake' : name !== kind;
}

/**
 * Whether a text can be the name of a user: short, printable and not blank. It is taken as it is: who wants
 * spaces around it removed removes them.
 */
export function isUsername(name: string): boolean {
  return name.length <= MAX_USERNAME_LENGTH && name.trim() !== '' && !UNPRINTABLE.test(name);
}
