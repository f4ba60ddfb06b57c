import { ERR_NO_HANDSHAKE_RESPONSE, ERR_NOT_CONNECTED } from '../protocol/error-codes.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { RemoteError } from '../protocol/remote-error.js';

/**
 * Whether an error is the link's own: what the network does to a line is its everyday life (that what is sent
 * finds nobody there, and that nobody answers a handshake, too), and what a peer sends is the peer's trouble. Not for the log.
 */
export function isNetworkError(error: unknown): boolean {
  if (error instanceof ProtocolError) return true;
  const { code, syscall } = Object(error) as { code?: unknown; syscall?: unknown };
  if (error instanceof RemoteError) return code === ERR_NOT_CONNECTED || code === ERR_NO_HANDSHAKE_RESPONSE;
  return code === 'ETIMEDOUT' || typeof syscall === 'string';
}
