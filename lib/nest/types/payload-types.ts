import { check } from '../../protocol/option-checks.js';

/** Which values messages of the Nest layer carry, see the option `types` of JstpServer and JstpClient. */
export type PayloadTypes = 'plain' | 'extended';

/**
 * Checks the option `types`.
 * @throws ConfigurationError
 */
export function checkTypes(options: {
  readonly types?: unknown;
  readonly serializer?: unknown;
  readonly deserializer?: unknown;
}): void {
  const { types, serializer, deserializer } = options;
  check(
    'types',
    types,
    "'plain' or 'extended'",
    (value) => value == null || value === 'plain' || value === 'extended',
  );
  check(
    'types',
    types,
    'plain where a serializer or a deserializer is given',
    (value) => value !== 'extended' || (serializer == null && deserializer == null),
  );
}
