import { valid } from 'semver';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { splitVersionedName } from '../../util/versioned-name.js';

const DEFAULT_VERSION = '1.0.0';

/** An application's name and version, apart and together. */
export interface ApplicationName {
  readonly name: string;
  readonly version: string;
  /** 'name@version' */
  readonly full: string;
}

/**
 * Reads 'name' or 'name@version'; the version is 1.0.0 where there is none.
 *
 * @param option what to call it in the error
 * @throws ConfigurationError for an empty name or a version that is not semver
 */
export function parseApplicationName(text: unknown, option: string): ApplicationName {
  const [name, version = DEFAULT_VERSION] = typeof text === 'string' ? splitVersionedName(text) : [''];
  if (name === '' || valid(version) === null) {
    throw new ConfigurationError(option, text, "'name' or 'name@version' with a semver version");
  }
  return { name, version, full: `${name}@${version}` };
}
