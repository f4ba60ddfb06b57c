/** Whether a value is an Error, of this realm or of another one (a `vm` context, a test runner's). */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/**
 * Whether an error is a system error of the host (of a file, a socket, a process).
 * Why it matters: its text names paths and addresses, which no peer must see. An error with a `toJSTP` is none, as that
 * method says what peers see.
 */
export function isSystemError(error: unknown): error is Error {
  if (!isError(error)) return false;
  const { syscall, errno, toJSTP } = error as { syscall?: unknown; errno?: unknown; toJSTP?: unknown };
  return (syscall !== undefined || errno !== undefined) && typeof toJSTP !== 'function';
}
