import { randomId } from '../util/random.js';
import { Journal } from './journal.js';

/** What a session is bound to: a resume that asks for something else is refused. */
export interface SessionBinding {
  /** The application's name, as the handshake gave it. */
  readonly application: string;
  /** The version or range, as the handshake gave it; undefined where it gave none. */
  readonly version: string | undefined;
  /** The names of the agreed extensions, sorted. */
  readonly extensions: readonly string[];
}

interface StoredSession {
  id: string;
  username: string | null;
  receivedCount: number;
  guaranteedDeliveredCount: number;
  latestBufferedMessageId: number;
  buffer: [id: number, text: string][];
  storage: [key: unknown, value: unknown][];
  binding?: { application: string; version?: string; extensions: string[] };
}

/**
 * What outlives a connection: who it is, what was received, what was sent and is not known to have
 * arrived. It is a Map besides, for the application's own state of this client.
 *
 * @typeParam C the connection's type
 */
export class Session<C = unknown> extends Map<unknown, unknown> {
  /** 128 random bits in hexadecimal, given by the server; whoever knows it can resume the session. */
  id: string;
  /** The connection that has the session now, or had it last; null after {@link fromString}. */
  connection: C | null;
  /** Who logged in; null for an anonymous client. */
  username: string | null;
  /** The number of the last message received from the other side. */
  receivedCount = 0;
  /** What was sent and is not acknowledged. */
  readonly journal = new Journal();
  /** What the session is bound to; undefined until the handshake is done. */
  binding: SessionBinding | undefined;

  /**
   * @param connection the connection that it belongs to
   * @param username who logged in; null: anonymous
   * @param id the session's id; a new random one by default
   * @param state entries of the Map
   */
  constructor(
    connection: C | null,
    username: string | null,
    id: string = randomId(),
    state?: Iterable<readonly [unknown, unknown]> | null,
  ) {
    super(state);
    this.id = id;
    this.connection = connection;
    this.username = username;
  }

  /** The number of the newest message that was sent, without its sign. */
  get latestBufferedMessageId(): number {
    return this.journal.lastId;
  }

  /** Everything sent up to this number has arrived. */
  get guaranteedDeliveredCount(): number {
    return this.journal.acknowledged;
  }

  /** Whether nothing would be lost with the session: anonymous, without state and without messages. */
  get isWorthless(): boolean {
    return this.username === null && this.size === 0 && this.journal.size === 0;
  }

  /** The session as text, for storage providers that keep it outside the process. */
  override toString(): string {
    const stored: StoredSession = {
      id: this.id,
      username: this.username,
      receivedCount: this.receivedCount,
      guaranteedDeliveredCount: this.journal.acknowledged,
      latestBufferedMessageId: this.journal.lastId,
      buffer: [...this.journal].map(({ id, text }) => [id, text]),
      storage: [...this],
      ...(this.binding && { binding: { ...this.binding, extensions: [...this.binding.extensions] } }),
    };
    return JSON.stringify(stored);
  }

  /**
   * The session of a text that {@link toString} made, without a connection. Texts of
   * `@metarhia/jstp` 2.x are read as well.
   * @throws SyntaxError for a text that is no JSON
   */
  static fromString<C = unknown>(text: string): Session<C> {
    const stored = JSON.parse(text) as StoredSession;
    const session = new Session<C>(null, stored.username, stored.id, stored.storage);
    session.receivedCount = stored.receivedCount;
    session.journal.restore(
      // The reference keeps the signed number of its side.
      Math.abs(stored.latestBufferedMessageId),
      stored.guaranteedDeliveredCount,
      stored.buffer.map(([id, body]) => ({ id, text: body })),
    );
    if (stored.binding) session.binding = { version: undefined, ...stored.binding };
    return session;
  }
}
