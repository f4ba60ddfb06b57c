import { attachedOf, type WrittenMessage } from '../protocol/attached-message.js';
import { LiveSession } from './live-session.js';
import { SessionTextError } from './session-text-error.js';
import { checkedId, readSessionText, type SessionTextLimits } from './session-text.js';
import type { StoredState } from './stored-state.js';

export type { SessionBinding } from './live-session.js';

/**
 * The state of a conversation that outlives its transports: the user, what was received, and the journal of what was
 * sent and is not known to have arrived. It is also a Map, for the application's own state of the client.
 *
 * @typeParam C the connection's type
 * @example
 * connection.session?.set('cart', ['apples']); // is still there after a resume, and in a session store
 */
export class Session<C = unknown> extends LiveSession<C> {
  /**
   * Reads a text that {@link toString} made, or `@metarhia/jstp` 2.x. The session has no connection.
   * @throws SessionTextError (a SyntaxError) for a text that cannot be read, for example one of another version
   */
  static fromString<C = unknown>(text: string): Session<C> {
    const stored = readSessionText(text);
    return Session.ofState(checkedId(stored.id), stored);
  }

  /**
   * Reads a text that {@link serialize} made. The session has no connection.
   * @param id the session's id, from the handshake that asks for it
   * @param limits of the text: those of the server, see `ClaimRequest.limits`. @default those of a server without options
   * @throws SessionTextError (a SyntaxError) for a text that cannot be read, for example one of another version
   * @example
   * const text = await database.read(hashOf(id));
   * return text === undefined ? undefined : Session.deserialize(id, text);
   */
  static deserialize<C = unknown>(id: string, text: string, limits?: SessionTextLimits): Session<C> {
    return Session.ofState(id, readSessionText(text, limits));
  }

  /** @internal Lets `instanceof` hold for the sessions of pages, too, which differ in nothing that they have themselves. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === Session ? value instanceof LiveSession : super[Symbol.hasInstance](value);
  }

  private static ofState<C>(id: string, stored: StoredState): Session<C> {
    const session = new Session<C>(null, stored.username ?? null, id, stored.storage);
    session.receivedCount = stored.receivedCount;
    const takesBytes = stored.binding?.extensions.includes('bytes') === true;
    session.journal.restore(
      // The reference implementation writes the number with the sign of its side.
      Math.abs(stored.latestBufferedMessageId),
      stored.guaranteedDeliveredCount,
      stored.buffer.map(([place, text]) => ({ id: place, message: takesBytes ? messageOf(text) : text })),
    );
    if (stored.binding) session.binding = { version: undefined, ...stored.binding };
    session.serving = stored.serving ?? [];
    session.claim = stored.claim;
    if (stored.rooms?.length) session.ownRooms = new Set(stored.rooms);
    session.ownPublicId = stored.publicId;
    session.eventPosition = stored.eventPosition;
    return session;
  }
}

function messageOf(text: string): WrittenMessage {
  try {
    return attachedOf(text);
  } catch {
    // Why not the error itself: the peer would destroy each transport on which this came.
    throw new SessionTextError('buffer has a message with bytes that are no base64');
  }
}
