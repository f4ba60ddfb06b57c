import { quote, quoteKey } from '../mdsf/index.js';
import { BoundedCache } from '../util/bounded-cache.js';
import { intern } from '../util/intern.js';

const MAX_TARGETS = 16_384;
/** Longer names are not worth the memory. */
const MAX_NAME_LENGTH = 64;

/** A method or event, and how it is written. */
interface Target {
  readonly interfaceName: string | undefined;
  readonly name: string;
  readonly text: string;
}

/** By the name; of those that have one name in several interfaces, the last. */
const targets = new BoundedCache<Target>(MAX_TARGETS);
let last: Target = { interfaceName: undefined, name: '', text: "],'':" };

/**
 * `,'iface'],name:`, from a bounded cache: a program calls few methods, and checking their names for what
 * has to be quoted costs more than comparing them.
 */
export function plainTargetText(interfaceName: string | undefined, name: string): string {
  if (last.name === name && last.interfaceName === interfaceName) return last.text;
  if (name.length + (interfaceName?.length ?? 0) > MAX_NAME_LENGTH)
    return createTarget(interfaceName, name).text;
  const known = targets.get(name);
  last = known && known.interfaceName === interfaceName ? known : addTarget(interfaceName, name);
  return last.text;
}

function addTarget(interfaceName: string | undefined, name: string): Target {
  const target = createTarget(interfaceName === undefined ? undefined : intern(interfaceName), intern(name));
  targets.add(target.name, target);
  return target;
}

function createTarget(interfaceName: string | undefined, name: string): Target {
  const header = interfaceName === undefined ? '' : ',' + quote(interfaceName);
  // Joined, it is one flat string; with `+` each message would copy it part by part.
  return { interfaceName, name, text: [header, '],', quoteKey(name), ':'].join('') };
}
