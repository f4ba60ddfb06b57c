import { maskSecrets } from '../protocol/mask-secrets.js';

/** Stands for a value that is a secret by its name or its form. */
const MASKED = '[masked]';

/** Names of members whose values are secrets, wherever they are in a message. */
const SECRET_NAME =
  /pass(word|wd|phrase|code)|secret|token|authorization|credential|cookie|api[-_]?key|private[-_]?key|session[-_]?id/i;
/** Values that are secrets under any name: those of HTTP's Authorization, and JSON Web Tokens. */
const SECRET_VALUE = /^(?:(?:Bearer|Basic)\s+\S|eyJ[\w-]+\.[\w-]+\.)/i;

/**
 * A message of the wire without its secrets: what a handshake has of them, and members of metadata, arguments and results
 * that are secrets by their names or forms. A secret that is an argument of its own cannot be told from other strings.
 * @param message - an object as it was read, which is not changed
 */
export function maskMessage(message: unknown): unknown {
  return maskValue(maskSecrets(message));
}

function maskValue(value: unknown): unknown {
  if (typeof value === 'string') return SECRET_VALUE.test(value) ? MASKED : value;
  if (Array.isArray(value)) return (value as unknown[]).map(maskValue);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(maskMember));
}

function maskMember([key, value]: [string, unknown]): [string, unknown] {
  const isSecret =
    SECRET_NAME.test(key) && value !== null && value !== undefined && typeof value !== 'boolean';
  // A handler may be called like a secret (`auth.token`): the arguments of a message stay an array.
  if (!isSecret) return [key, maskValue(value)];
  return [key, Array.isArray(value) ? (value as unknown[]).map(() => MASKED) : MASKED];
}

/** Whether a line that a user has typed may hold a secret. */
export function mayHoldSecret(line: string): boolean {
  return (
    SECRET_NAME.test(line) || /\b(?:Bearer|Basic)\s+\S|eyJ[\w-]+\.[\w-]+\.|\blog[-_]?in\b|\bauth/i.test(line)
  );
}
