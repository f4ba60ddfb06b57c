import { quote, quoteKey } from '../mdsf/index.js';
import { intern } from '../util/intern.js';
import { TextCache } from '../util/text-cache.js';

const MAX_TARGETS = 16_384;
/** The longest name that is kept, in UTF-16 units. */
const MAX_NAME_LENGTH = 64;

/** A method or event, and how it is written. */
interface Target {
  readonly interfaceName: string | undefined;
  readonly name: string;
  readonly text: string;
}

// By the name alone, as one lookup is faster than two. Of targets with one name in several interfaces, the last is kept.
const targets = new TextCache<Target>(MAX_TARGETS, MAX_NAME_LENGTH);

/**
 * The text of a call's or event's target: `,'iface'],name:`.
 *
 * Why it is kept: a program calls few methods, and checking names for what has to be quoted takes longer than finding
 * them (`npm run bench:shortcuts`).
 */
export function plainTargetText(interfaceName: string | undefined, name: string): string {
  const known = targets.get(name);
  if (known && known.interfaceName === interfaceName) return known.text;
  if (interfaceName === undefined) return targets.add(name, (own) => createTarget(undefined, own)).text;
  if (interfaceName.length > MAX_NAME_LENGTH) return createTarget(interfaceName, name).text;
  return targets.add(name, (own) => createTarget(intern(interfaceName), own)).text;
}

function createTarget(interfaceName: string | undefined, name: string): Target {
  const header = interfaceName === undefined ? '' : ',' + quote(interfaceName);
  // Joined, it is one flat string. Made with `+`, each message would copy it part by part.
  return { interfaceName, name, text: [header, '],', quoteKey(name), ':'].join('') };
}
