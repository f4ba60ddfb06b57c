import type { ClientHandshake } from './handshake/client-handshake.js';

/**
 * Where a connection is in its life. It changes in one place, `Connection.setState`:
 *
 *     new -> handshaking -> open -> offline -> new ...    the link is lost, and another one attached
 *       any -> closed                                      for good, or until `reconnect` revives it
 */
export type ConnectionState =
  /** The link is up, nobody has shaken hands. */
  | { readonly name: 'new' }
  /** A client waits for its answer; a server's policy is deciding (no handshake of its own). */
  | { readonly name: 'handshaking'; readonly handshake: ClientHandshake | undefined }
  /** Messages flow. */
  | { readonly name: 'open' }
  /** The link is lost, the session may be resumed; messages made now are kept. */
  | { readonly name: 'offline' }
  /** Ended on purpose, refused, or given up. */
  | { readonly name: 'closed' };

/** The states that say no more than their name: the same objects for all connections. */
export const NEW: ConnectionState = { name: 'new' };
export const OPEN: ConnectionState = { name: 'open' };
export const OFFLINE: ConnectionState = { name: 'offline' };
export const CLOSED: ConnectionState = { name: 'closed' };
