import { valid } from 'semver';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { splitVersionedName } from '../../util/versioned-name.js';

const DEFAULT_VERSION = '1.0.0';

/** The name and version of an application, apart and together. */
export interface ApplicationName {
  /** The name without a version. */
  readonly name: string;
  /** The semver version. */
  readonly version: string;
  /** The text 'name@version'. */
  readonly full: string;
}

/**
 * Reads 'name' or 'name@version'. The default version is 1.0.0.
 *
 * @param option the name of the option in the error
 * @throws ConfigurationError for an empty name, and for a version that is not semver
 */
export function parseApplicationName(text: unknown, option: string): ApplicationName {
  const [name, version = DEFAULT_VERSION] = typeof text === 'string' ? splitVersionedName(text) : [''];
  if (name === '' || valid(version) === null) {
    throw new ConfigurationError(option, text, "'name' or 'name@version' with a semver version");
  }
  return { name, version, full: `${name}@${version}` };
}
