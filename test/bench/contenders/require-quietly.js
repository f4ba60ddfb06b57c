import { createRequire } from 'node:module';

/**
 * Loads the reference, or the codec that it uses: they warn that their native part is not built, which is how they
 * install on the Node of today.
 * @param {string} name
 * @returns {unknown}
 */
export function requireQuietly(name) {
  const { warn, error } = console;
  console.warn = console.error = () => undefined;
  try {
    return createRequire(import.meta.url)(name);
  } finally {
    console.warn = warn;
    console.error = error;
  }
}
