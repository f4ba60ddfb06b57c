/**
 * The same text as one of its own, the engine's only copy of it: what was cut out of a larger text keeps all of that
 * alive, as long as it lives.
 */
export function intern(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text;
}
