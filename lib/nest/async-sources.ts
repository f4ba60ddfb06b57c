import { ConfigurationError } from '../protocol/configuration-error.js';
import { checkNames } from '../protocol/option-checks.js';

/** Where asynchronous options of a module come from, in Nest's names. */
const SOURCE_NAMES = ['useFactory', 'useClass', 'useExisting'] as const;

/** The names of what Nest takes around asynchronous options. */
const ASYNC_NAMES = [...SOURCE_NAMES, 'inject', 'imports', 'provideInjectionTokensFrom'] as const;

/**
 * Checks what is around the asynchronous options of a module.
 * @param method the method that was given them: 'forRootAsync'
 * @param extraNames the names of the module's own, besides Nest's
 * @throws ConfigurationError for an unknown name, and for none or several sources
 */
export function checkAsyncOptions(
  method: string,
  options: Partial<Record<(typeof SOURCE_NAMES)[number], unknown>>,
  extraNames: readonly string[],
): void {
  checkNames('options', options, [...ASYNC_NAMES, ...extraNames]);
  const sources = SOURCE_NAMES.filter((name) => options[name] !== undefined);
  if (sources.length !== 1)
    throw new ConfigurationError(
      method,
      sources.join(' and ') || undefined,
      'given one of useFactory, useClass and useExisting',
    );
}
