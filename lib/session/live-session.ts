import { textOf } from '../protocol/attached-message.js';
import { LazyMap } from '../util/lazy-map.js';
import { toLogText } from '../util/log-text.js';
import { randomId } from '../util/random.js';
import { INSPECT } from '../util/inspect.js';
import { Journal } from './journal.js';
import { Claimant, type SessionClaim } from './session-claim.js';
import { SessionStateError } from './session-state-error.js';
import { SESSION_FORMAT, type StoredState } from './stored-state.js';

/** What a session was made for. A resume that asks for something else is refused. */
export interface SessionBinding {
  /** The application's name, as the handshake gave it. */
  readonly application: string;
  /** The version or range, as the handshake gave it; undefined where it gave none. */
  readonly version: string | undefined;
  /** The names of the agreed extensions, sorted. */
  readonly extensions: readonly string[];
}

const NO_ROOMS: ReadonlySet<string> = new Set();

/** The value of {@link Session.serving} while no calls are being served. */
export const NO_CALLS: readonly number[] = [];

/**
 * All of a {@link Session} but the reading of its texts. Why apart: a page never reads one, and its connections have these.
 *
 * @typeParam C the connection's type
 */
export class LiveSession<C = unknown> extends LazyMap<unknown, unknown> {
  /**
   * The session's id, given by the server: 128 random bits in hexadecimal. A secret: it suffices to resume the
   * session.
   */
  id: string;
  /** The connection that has the session, or had it last; null after `Session.fromString` and `Session.deserialize`. */
  connection: C | null;
  /** The name of the user who has logged in; null for an anonymous client. */
  username: string | null;
  /** The number of the last message that was received from the peer; 0 before the first. */
  receivedCount = 0;
  /** What the session was made for; undefined until the handshake is done. */
  binding: SessionBinding | undefined;
  /**
   * The numbers of the peer's calls that are being served, with the sign that they have on the wire. A connection that
   * resumes the session after another process had served them answers them with -1.
   */
  serving: Iterable<number> = NO_CALLS;
  /**
   * At a server: the newest claim that was granted; undefined before the first resume, and for peers that make none.
   */
  claim: SessionClaim | undefined;
  /**
   * @internal At a server: the number of the last event for several servers that had come when the session left its server;
   * undefined while it is at one, and where none are sent.
   */
  eventPosition: number | undefined;
  private claimant: Claimant | undefined;
  // Made with the first room, and when somebody asks.
  protected ownRooms: Set<string> | undefined;
  protected ownPublicId: string | undefined;
  // Why only with the first message: most clients of a server are idle.
  private ownJournal: Journal | undefined;

  /**
   * @param connection the connection that has the session
   * @param username the name of the user who has logged in; null for an anonymous client
   * @param id the session's id. @default a new random one
   * @param state entries of the Map. @default none
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

  /** @internal What was sent and is not acknowledged yet. */
  get journal(): Journal {
    return (this.ownJournal ??= new Journal());
  }

  /**
   * What the journal's messages count as, in bytes: the length of their texts in UTF-16 units, and 116 for each. Does not
   * make the journal.
   */
  get journalBytes(): number {
    return this.ownJournal?.bytes ?? 0;
  }

  /** The number of the newest message that was sent, without its sign; 0 before the first. */
  get latestBufferedMessageId(): number {
    return this.journal.lastId;
  }

  /** The number up to which everything that was sent is known to have arrived. */
  get guaranteedDeliveredCount(): number {
    return this.journal.acknowledged;
  }

  /** Whether nothing would be lost with the session: it is anonymous, and has neither state, rooms nor messages. */
  get isWorthless(): boolean {
    // Why not the journal itself: asking for it makes it, and strangers leave thousands of sessions that need none.
    const isSilent = this.ownJournal === undefined || this.ownJournal.size === 0;
    return this.username === null && this.size === 0 && this.rooms.size === 0 && isSilent;
  }

  /** The names of the rooms that the session is in. It keeps them wherever it goes. `Server.rooms` changes them. */
  get rooms(): ReadonlySet<string> {
    return this.ownRooms ?? NO_ROOMS;
  }

  /** @internal Notes that the session is in a room. */
  addRoom(room: string): void {
    (this.ownRooms ??= new Set()).add(room);
  }

  /** @internal Notes that it is not in a room any more. */
  deleteRoom(room: string): void {
    this.ownRooms?.delete(room);
  }

  /**
   * A name by which others may know the session, wherever it goes. Unlike {@link id} it is no secret, and opens nothing.
   */
  get publicId(): string {
    return (this.ownPublicId ??= randomId());
  }

  /** @internal Whether somebody has asked for {@link publicId}. Nobody else can mean the session by it. */
  get hasPublicId(): boolean {
    return this.ownPublicId !== undefined;
  }

  /** @internal Returns what Node prints. Why without the id: it would open the session to all who read the log. */
  [INSPECT](): string {
    const { username } = this;
    const name = typeof username === 'string' ? toLogText(username) : 'an anonymous client';
    return `Session of ${name} with ${this.size} entries`;
  }

  /**
   * @internal Returns what `JSON.stringify` shows, without the id. The text for a store is that of {@link serialize}.
   */
  toJSON(): object {
    return { username: this.username, entries: this.size };
  }

  /** @internal Returns what templates and `String` show, without the id. The whole text is that of {@link toString}. */
  [Symbol.toPrimitive](): string {
    return this[INSPECT]();
  }

  /** At a client: makes the claim of the next request to resume. */
  nextClaim(): SessionClaim {
    this.claimant ??= new Claimant();
    return this.claimant.next();
  }

  /**
   * Writes the session as text, with its id: all who can read the text can resume the session. Only an explicit call
   * returns it; `String(session)` and templates, which end in logs, show no id.
   * @throws SessionStateError where the state holds a value that JSON cannot write
   */
  override toString(): string {
    return toText({ id: this.id, ...this.toState() });
  }

  /**
   * Writes the session as text without its id, for stores outside the process. Why: a text that leaks from there
   * opens no session. `Session.deserialize` puts the id back.
   * @throws SessionStateError where the state holds a value that JSON cannot write
   */
  serialize(): string {
    return toText(this.toState());
  }

  /** @internal Writes the session as {@link serialize} does, but with an empty `buffer`. */
  serializeWithoutJournal(): string {
    return toText(this.toState([]));
  }

  private toState(
    buffer: StoredState['buffer'] = [...this.journal].map(({ id, message }) => [id, textOf(message)]),
  ): StoredState {
    const { journal, binding } = this;
    const serving = [...this.serving];
    return {
      format: SESSION_FORMAT,
      username: this.username,
      receivedCount: this.receivedCount,
      guaranteedDeliveredCount: journal.acknowledged,
      latestBufferedMessageId: journal.lastId,
      buffer,
      storage: this.size > 0 ? [...this] : [],
      ...(binding && { binding: { ...binding, extensions: [...binding.extensions] } }),
      ...(serving.length > 0 && { serving }),
      ...(this.claim && { claim: this.claim }),
      ...(this.rooms.size > 0 && { rooms: [...this.rooms] }),
      ...(this.ownPublicId !== undefined && { publicId: this.ownPublicId }),
      ...(this.eventPosition !== undefined && { eventPosition: this.eventPosition }),
    };
  }
}

function toText(state: object): string {
  try {
    return JSON.stringify(state);
  } catch (error) {
    throw new SessionStateError(error);
  }
}
