/** Whether a value is an Error, of this realm or of another one (a `vm` context, a test runner's). */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/**
 * Whether an error is one of the host's system errors (a file, a socket, a process): its text names paths and
 * addresses, which are nobody else's business. One with a `toJSTP` says itself what others get to see.
 */
export function isSystemError(error: unknown): error is Error {
  if (!isError(error)) return false;
  const { syscall, errno, toJSTP } = error as { syscall?: unknown; errno?: unknown; toJSTP?: unknown };
  return (syscall !== undefined || errno !== undefined) && typeof toJSTP !== 'function';
}
