/**
 * The same text as the engine's only copy of it.
 *
 * Why: a text that was cut out of a larger one keeps all of that alive. Intern what is kept longer than the message
 * that it came with.
 *
 * Why without a prototype: V8 notes with the hidden class of `{}` each key that was ever added to it. With 1,536 of them it notes
 * no more, and until its next full collection each object of new keys, anywhere in the process, has a hidden class of its own.
 */
export function intern(text: string): string {
  return Object.keys({ __proto__: null, [text]: 0 })[0] ?? text;
}
