import { ERR_NO_HANDSHAKE_RESPONSE, ERR_NOT_CONNECTED } from '../../protocol/error-codes.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { RemoteError } from '../../protocol/remote-error.js';

/** Codes of errors without a system call: a deadline, and what browsers say of a WebSocket. */
const NETWORK_CODES: ReadonlySet<unknown> = /* @__PURE__ */ new Set([
  'ETIMEDOUT',
  'ERR_JSTP_CONNECT',
  'ERR_JSTP_WEBSOCKET',
]);

/**
 * Whether an error is the network's or the peer's: a lost transport, a message or a handshake that nobody answers, a
 * message that breaks the protocol. Why it matters: such errors are no faults of the application, and do not belong
 * in its log.
 */
export function isNetworkError(error: unknown): boolean {
  if (error instanceof ProtocolError) return true;
  const { code, syscall } = Object(error) as { code?: unknown; syscall?: unknown };
  if (error instanceof RemoteError) return code === ERR_NOT_CONNECTED || code === ERR_NO_HANDSHAKE_RESPONSE;
  return NETWORK_CODES.has(code) || typeof syscall === 'string';
}
