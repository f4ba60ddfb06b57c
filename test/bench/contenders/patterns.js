/** Names of the handlers, the same for all contenders. */
export const INTERFACE = 'bench';
export const EVENT = 'seen';

/**
 * The methods' names: `echo` alone, or `echo0`, `echo1`...
 * @param {number} count
 */
export function methodNames(count) {
  return count === 1 ? ['echo'] : Array.from({ length: count }, (_, index) => `echo${index}`);
}

/** @param {string} name */
export function patternOf(name) {
  return `${INTERFACE}.${name}`;
}

/**
 * A function that gives the items in turn.
 * @template T
 * @param {readonly T[]} items
 * @returns {() => T}
 */
export function inTurn(items) {
  const [first] = items;
  if (items.length === 1) return () => first;
  let index = -1;
  return () => {
    index = (index + 1) % items.length;
    return items[index];
  };
}
