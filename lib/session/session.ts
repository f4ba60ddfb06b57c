import { LazyMap } from '../util/lazy-map.js';
import { toLogText } from '../util/log-text.js';
import { randomId } from '../util/random.js';
import { INSPECT } from '../util/inspect.js';
import { Journal } from './journal.js';
import { Claimant, type SessionClaim } from './session-claim.js';
import { SessionStateError } from './session-state-error.js';
import { checkedId, readSessionText, SESSION_FORMAT, type StoredState } from './session-text.js';

/** What a session is bound to: a resume that asks for something else is refused. */
export interface SessionBinding {
  /** The application's name, as the handshake gave it. */
  readonly application: string;
  /** The version or range, as the handshake gave it; undefined where it gave none. */
  readonly version: string | undefined;
  /** The names of the agreed extensions, sorted. */
  readonly extensions: readonly string[];
}

/** What serves no calls. */
export const NO_CALLS: readonly number[] = [];

/**
 * What outlives a connection: who it is, what was received, what was sent and is not known to have
 * arrived. It is a Map besides, for the application's own state of this client.
 *
 * @typeParam C the connection's type
 */
export class Session<C = unknown> extends LazyMap<unknown, unknown> {
  /** 128 random bits in hexadecimal, given by the server; whoever knows it can resume the session. */
  id: string;
  /** The connection that has the session now, or had it last; null after {@link fromString}. */
  connection: C | null;
  /** Who logged in; null for an anonymous client. */
  username: string | null;
  /** The number of the last message received from the other side. */
  receivedCount = 0;
  /** What the session is bound to; undefined until the handshake is done. */
  binding: SessionBinding | undefined;
  /**
   * The numbers of the peer's calls that are being served, as the wire has them. A connection that did not
   * serve them itself (another process did, which is gone) answers them with -1.
   */
  serving: Iterable<number> = NO_CALLS;
  /** As a server: the newest claim that was granted; undefined before the first resume, and of peers that make none. */
  claim: SessionClaim | undefined;
  private claimant: Claimant | undefined;
  // Made with the first message: most clients of a server are idle.
  private ownJournal: Journal | undefined;

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

  /** What was sent and is not acknowledged. */
  get journal(): Journal {
    return (this.ownJournal ??= new Journal());
  }

  /** What the journal holds, in UTF-16 units; it is not made for the question. */
  get journalBytes(): number {
    return this.ownJournal?.bytes ?? 0;
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

  /** @internal What Node shows of a session: not its id, which opens it to whoever reads the log. */
  [INSPECT](): string {
    const { username } = this;
    const name = typeof username === 'string' ? toLogText(username) : 'an anonymous client';
    return `Session of ${name} with ${this.size} entries`;
  }

  /** @internal What `JSON.stringify` shows: not its id. The text for a store is {@link serialize}'s. */
  toJSON(): object {
    return { username: this.username, entries: this.size };
  }

  /** @internal What a template (or `String`) shows: not its id. The whole text is {@link toString}'s. */
  [Symbol.toPrimitive](): string {
    return this[INSPECT]();
  }

  /** As a client: the claim of the next request to resume. */
  nextClaim(): SessionClaim {
    this.claimant ??= new Claimant();
    return this.claimant.next();
  }

  /**
   * The session as text, with its id: whoever can read the text can resume the session. Only an explicit call gives
   * it; `String(session)` and templates, which end in logs, do not show the id.
   * @throws SessionStateError where the state holds what JSON cannot write
   */
  override toString(): string {
    return toText({ id: this.id, ...this.toState() });
  }

  /**
   * The session as text without its id, for stores outside the process: what leaks from there opens no
   * session. {@link deserialize} puts the id back.
   * @throws SessionStateError where the state holds what JSON cannot write
   */
  serialize(): string {
    return toText(this.toState());
  }

  /**
   * The session of a text that {@link toString} made, without a connection. Texts of
   * `@metarhia/jstp` 2.x are read as well.
   * @throws SessionTextError (a SyntaxError) for a text that cannot be read, of another version for example
   */
  static fromString<C = unknown>(text: string): Session<C> {
    const stored = readSessionText(text);
    return Session.ofState(checkedId(stored.id), stored);
  }

  /**
   * The session of a text that {@link serialize} made, without a connection.
   * @param id the session's id, from the handshake that asks for it
   * @throws SessionTextError (a SyntaxError) for a text that cannot be read, of another version for example
   */
  static deserialize<C = unknown>(id: string, text: string): Session<C> {
    return Session.ofState(id, readSessionText(text));
  }

  private toState(): StoredState {
    const { journal, binding } = this;
    const serving = [...this.serving];
    return {
      format: SESSION_FORMAT,
      username: this.username,
      receivedCount: this.receivedCount,
      guaranteedDeliveredCount: journal.acknowledged,
      latestBufferedMessageId: journal.lastId,
      buffer: [...journal].map(({ id, text }) => [id, text]),
      storage: this.size > 0 ? [...this] : [],
      ...(binding && { binding: { ...binding, extensions: [...binding.extensions] } }),
      ...(serving.length > 0 && { serving }),
      ...(this.claim && { claim: this.claim }),
    };
  }

  private static ofState<C>(id: string, stored: StoredState): Session<C> {
    const session = new Session<C>(null, stored.username ?? null, id, stored.storage);
    session.receivedCount = stored.receivedCount;
    session.journal.restore(
      // The reference keeps the signed number of its side.
      Math.abs(stored.latestBufferedMessageId),
      stored.guaranteedDeliveredCount,
      stored.buffer.map(([place, body]) => ({ id: place, text: body })),
    );
    if (stored.binding) session.binding = { version: undefined, ...stored.binding };
    session.serving = stored.serving ?? [];
    session.claim = stored.claim;
    return session;
  }
}

function toText(state: object): string {
  try {
    return JSON.stringify(state);
  } catch (error) {
    throw new SessionStateError(error);
  }
}
