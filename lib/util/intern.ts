/**
 * The same text as the engine's only copy of it.
 *
 * Why: a text that was cut out of a larger one keeps all of that alive. Intern what is kept longer than the message
 * that it came with.
 */
export function intern(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text;
}
