import { quoteKey } from './quote.js';

/** A longer path is cut before its next step. Why: keys may be as long as messages. */
const MAX_LENGTH = 100;

/**
 * Where a value is within others, as a program would write it: `[0].items[3].price`. It ends with an ellipsis where the rest
 * is not to be found: what a getter or a `toJSON` gave, or what is too long.
 * @param ancestors - the arrays and objects around it, from the outermost on
 */
export function pathOf(ancestors: readonly object[], value: unknown): string {
  let path = '';
  for (const [level, outer] of ancestors.entries()) {
    const step = stepTo(outer, ancestors.at(level + 1) ?? value);
    if (step === undefined || path.length + step.length > MAX_LENGTH) return `${path}…`;
    path += step;
  }
  return path;
}

function stepTo(outer: object, inner: unknown): string | undefined {
  if (Array.isArray(outer)) {
    const index = outer.indexOf(inner);
    return index < 0 ? undefined : `[${index}]`;
  }
  // Not by its getters, which would run again.
  const key = Object.keys(outer).find(
    (name) => Object.getOwnPropertyDescriptor(outer, name)?.value === inner,
  );
  return key === undefined ? key : `.${quoteKey(key)}`;
}
