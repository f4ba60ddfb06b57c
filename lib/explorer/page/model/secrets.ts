import type { ArgumentEntry } from './catalogue.js';
import { isSecretSchema } from './field.js';
import { isRecord, type Unknowns } from './untrusted.js';

/** What stands in the place of a secret. */
export const HIDDEN = '•••';

const SECRET_NAME =
  /pass(word|wd|phrase|code)|^pass$|^pin$|secret|token|credential|api[-_]?key|private[-_]?key|authori[sz]ation|cookie|session[-_]?id/i;
const MAX_DEPTH = 50;

/** Whether a name is that of a secret. */
function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A value without what its names tell to be secrets. */
export function hideSecrets(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return HIDDEN;
  if (Array.isArray(value)) return value.map((each) => hideSecrets(each, depth + 1));
  if (!isRecord(value) || value instanceof ArrayBuffer) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      isSecretName(name) && each !== null && each !== undefined ? HIDDEN : hideSecrets(each, depth + 1),
    ]),
  );
}

/** Arguments without secrets: by the names in them, those of the parameters, and what their schemas say. */
export function hideSecretArguments(
  values: readonly unknown[],
  args: readonly ArgumentEntry[] | undefined,
  definitions: Unknowns,
): unknown[] {
  return values.map((value, index) => {
    const arg = args?.[index];
    const isSecret = arg !== undefined && (isSecretName(arg.name) || isSecretSchema(arg.schema, definitions));
    return isSecret && value !== undefined ? HIDDEN : hideSecrets(value);
  });
}
