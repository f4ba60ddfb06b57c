/**
 * Where a connection is in its life. It changes in one place, `Lifecycle.setState`:
 *
 *     new -> handshaking -> open -> offline -> new ...    the transport is lost, and another one is attached
 *       any -> closed                                      for good, or until `reconnect` revives it
 */
export type ConnectionState =
  /** There is a transport, and no handshake yet. */
  | { readonly name: 'new' }
  /** A client waits for the answer to its handshake; a server's policy decides on one. */
  | { readonly name: 'handshaking' }
  /** Messages flow. */
  | { readonly name: 'open' }
  /** The transport is lost and the session may be resumed; messages sent now are kept. */
  | { readonly name: 'offline' }
  /** Ended on purpose, refused, or given up. */
  | { readonly name: 'closed' };

/** The states are the same objects for all connections. */
export const NEW: ConnectionState = { name: 'new' };
export const HANDSHAKING: ConnectionState = { name: 'handshaking' };
export const OPEN: ConnectionState = { name: 'open' };
export const OFFLINE: ConnectionState = { name: 'offline' };
export const CLOSED: ConnectionState = { name: 'closed' };
