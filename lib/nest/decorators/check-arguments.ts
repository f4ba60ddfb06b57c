import { ConfigurationError } from '../../protocol/configuration-error.js';
import { ROUTE_ARGUMENTS_METADATA } from '../constants.js';
import type { DeclaredArgument } from './handler-extras.js';

/** The method of a handler, and its class. */
interface HandlerMethod {
  readonly controller: object;
  readonly name: string;
}

/** What Nest stores about the parameters of a method, by their kind and position. */
type Parameters = Record<string, { readonly data?: unknown } | undefined>;

// The key of Nest's `@Payload()`. Parameters of a user's own decorators have keys of another form.
const PAYLOAD_KEY = '3:';
const NEST_KEY = /^\d+:/;

/**
 * Checks the `@Arg` parameters of a handler against each other, once all of them are known.
 *
 * @param declared the arguments that the parameters declare
 * @param method the handler's method; undefined where it is not known
 * @param name the handler's name in the error
 * @throws ConfigurationError for an optional argument before a required one, and for a position that no parameter reads
 */
export function checkArguments(
  declared: readonly DeclaredArgument[],
  method: HandlerMethod | undefined,
  name: string,
): void {
  const count = Math.max(-1, ...declared.map(({ index }) => index)) + 1;
  const kinds = Array.from({ length: count }, (_, index) => kindOf(declared, index));
  const option = `The @Arg parameters of ${name}`;
  const firstOptional = kinds.indexOf('optional');
  if (firstOptional !== -1 && kinds.lastIndexOf('required') > firstOptional) {
    const wrong = `@Arg(${firstOptional}, { optional: true }) before @Arg(${kinds.lastIndexOf('required')})`;
    throw new ConfigurationError(option, wrong, 'optional from one position on to the last');
  }
  const gap = kinds.indexOf('missing');
  if (gap === -1 || (method && readsMore(method))) return;
  throw new ConfigurationError(
    option,
    `no @Arg(${gap}) before @Arg(${count - 1})`,
    'of all positions from 0 on (or beside a @Payload(), which has them all)',
  );
}

function kindOf(declared: readonly DeclaredArgument[], index: number): 'required' | 'optional' | 'missing' {
  const same = declared.filter((argument) => argument.index === index);
  if (same.length === 0) return 'missing';
  return same.every(({ optional }) => optional) ? 'optional' : 'required';
}

/** Whether a parameter without `@Arg` may read the positions that no `@Arg` reads. */
function readsMore({ controller, name }: HandlerMethod): boolean {
  const parameters = (Reflect.getMetadata(ROUTE_ARGUMENTS_METADATA, controller, name) ?? {}) as Parameters;
  return Object.entries(parameters).some(
    ([key, parameter]) =>
      !NEST_KEY.test(key) || (key.startsWith(PAYLOAD_KEY) && (parameter?.data ?? undefined) === undefined),
  );
}
