/** What V8 and others with it let set; elsewhere nothing reads it. */
const limited: { stackTraceLimit?: number | undefined } = Error;

/**
 * Makes errors that have no stack.
 *
 * Why: the stack takes most of the time that an error does, and where a peer's message leads to many of them, it says the
 * same for each: that a message has come.
 */
export function withoutStacks<T>(run: () => T): T {
  const { stackTraceLimit } = limited;
  limited.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    limited.stackTraceLimit = stackTraceLimit;
  }
}
