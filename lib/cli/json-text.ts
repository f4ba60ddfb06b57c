import { UNPRINTABLE } from '../util/log-text.js';

/**
 * Writes a value as JSON: bytes as base64, undefined as null, and all characters escaped that a terminal would act on.
 * What reads the JSON gets the same value.
 * @param indent blanks before each level. @default all on one line
 */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, withoutBytes, indent) as string | undefined;
  return (text ?? 'null').replace(UNPRINTABLE, escapeForJson);
}

/** Why by the object: a Buffer is asked for its `toJSON` before this function gets it. */
function withoutBytes(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const given = this[key];
  return given instanceof Uint8Array ? Buffer.from(given).toString('base64') : value;
}

function escapeForJson(character: string): string {
  // JSON has a line end between its parts alone, where it is indented.
  if (character === '\n') return character;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
