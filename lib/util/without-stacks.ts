const LIMIT = 'stackTraceLimit';

/**
 * Makes errors that have no stack.
 *
 * Why: the stack takes most of the time that an error does, and where a peer's message leads to many of them, it says the
 * same for each: that a message has come.
 */
export function withoutStacks<T>(run: () => T): T {
  // V8 reads it, and others with it. Why not by an assignment: it throws where the program has frozen what is built in.
  const limit: unknown = Reflect.get(Error, LIMIT);
  Reflect.set(Error, LIMIT, 0);
  try {
    return run();
  } finally {
    Reflect.set(Error, LIMIT, limit);
  }
}
