import type { CallOptions } from '../../connection/calls/call-options.js';
import type { Connection } from '../../connection/connection.js';
import { sendShared } from '../../connection/send-shared.js';
import { JstpError } from '../../protocol/jstp-error.js';
import type { Limits } from '../../protocol/limits.js';
import type { Metadata } from '../../protocol/message.js';
import { check, isInteger } from '../../protocol/option-checks.js';
import { SharedEvent } from '../../protocol/shared-event.js';
import type { Session } from '../../session/session.js';
import type { ClientTable } from '../sessions/client-table.js';
import type { UserSink } from './audience.js';
import { callAny } from './call-any.js';
import type { CountedEvent, EventSource } from './counted-event.js';
import { MemberIndex } from './member-index.js';
import { DEFAULT_LISTED, presenceOf, type Presence, type PresentSession } from './presence.js';
import type { JoinReason, LeaveReason } from './room-reasons.js';
import { isExcepted, isSelected, type Selection } from './selection.js';

/** The limits that concern rooms. */
type RoomLimits = Pick<
  Limits,
  'maxRooms' | 'maxRoomsPerSession' | 'maxRoomNameLength' | 'maxDepth' | 'maxMetadataBytes'
>;

const NOBODY = new Map<Connection, number>();

/** Told what happens in the rooms of a server. */
export interface RoomsObserver {
  /** The rooms of a session have changed. */
  changed(connection: Connection): void;
  joined(room: string, connection: Connection, reason: JoinReason): void;
  left(room: string, connection: Connection, reason: LeaveReason): void;
}

/**
 * The rooms of a server. A room is a name that sessions are members of: it is there while it has members. A session keeps
 * its rooms while its client is away, and takes them along to another server. Clients join by what the application does,
 * and in no other way.
 * @example
 * server.on('connect', (connection) => server.rooms.join(connection, 'hall'));
 * server.to('hall').emit('chat', 'said', 'hello');
 */
export class Rooms implements UserSink<void> {
  private readonly members = new MemberIndex();
  /** The sessions of each user; undefined until somebody asks. Why: most applications never do. */
  private users: MemberIndex | undefined;
  /** Those that have come with rooms, which nobody was told yet. */
  private readonly arriving = new Set<Connection>();
  /** Where events of several servers come from. */
  private source: EventSource | undefined;
  /** Sessions that have got, at the server that they come from, what has not come here yet: up to which number. */
  private readonly ahead = new Map<Connection, number>();
  private readonly shared = new WeakMap<CountedEvent, SharedEvent>();

  /** @internal Only servers make it. */
  constructor(
    private readonly clients: ClientTable,
    private readonly limits: RoomLimits,
    private readonly observer: RoomsObserver,
  ) {}

  /** How many rooms have members on this server. */
  get size(): number {
    return this.members.size;
  }

  /** The names of the rooms that have members on this server. */
  names(): IterableIterator<string> {
    return this.members.keys();
  }

  /** How many members a room has on this server. */
  count(room: string): number {
    return this.members.count(room);
  }

  /**
   * Lets a client's session into a room.
   * @returns whether it has joined now: false where it is in the room already, and where the session has ended or goes on at
   * another server
   * @throws JstpError `ERR_JSTP_TOO_MANY_ROOMS` beyond `limits.maxRooms` or `limits.maxRoomsPerSession`
   * @throws ConfigurationError for a name that is no text of 1 to `limits.maxRoomNameLength` characters
   * @throws Error before the client has logged in
   */
  join(connection: Connection, room: string): boolean {
    const { session } = connection;
    this.checkName(room);
    if (!session) throw new Error('A client can join a room once it has logged in, and not before');
    if (session.rooms.has(room) || !this.clients.placeOf(connection)) return false;
    const full = this.fullFor(session, room);
    if (full) throw tooManyRooms(full, this.limits[full]);
    session.addRoom(room);
    this.members.add(room, connection);
    this.observer.changed(connection);
    this.observer.joined(room, connection, 'join');
    return true;
  }

  /**
   * Lets a client's session out of a room.
   * @returns whether it was in the room
   */
  leave(connection: Connection, room: string): boolean {
    const { session } = connection;
    if (!session?.rooms.has(room) || !this.clients.placeOf(connection)) return false;
    session.deleteRoom(room);
    this.members.delete(room, connection);
    this.observer.changed(connection);
    this.observer.left(room, connection, 'leave');
    return true;
  }

  /**
   * Tells who is in a room on this server.
   * @param maxListed how many sessions are listed at most. @default 1000
   * @throws ConfigurationError for a number that is not allowed
   */
  who(room: string, maxListed = DEFAULT_LISTED): Presence {
    check('maxListed', maxListed, 'an integer from 0', isInteger(0, Number.MAX_SAFE_INTEGER));
    const sessions: PresentSession[] = [];
    for (const { session, username, handshakeDone } of this.members.of(room)) {
      if (sessions.length === maxListed) break;
      if (session) sessions.push({ id: session.publicId, username, isAway: !handshakeDone });
    }
    return presenceOf(sessions, this.count(room), maxListed);
  }

  /**
   * Sends an event to all who are selected: what `to`, `toUser` and `except` of a server call. Its text is made once.
   * @throws MdsfStringifyError for arguments that cannot be sent, and JstpError for too much metadata
   */
  emit(
    selection: Selection,
    interfaceName: string,
    event: string,
    args: unknown[],
    metadata?: Metadata,
  ): void {
    const shared = new SharedEvent(interfaceName, event, args, metadata, this.limits);
    shared.prepare();
    this.send(selection, shared);
  }

  /** @internal Sends an event to all clients; what keeps it from being sent is an error of each connection. */
  broadcast(interfaceName: string, event: string, args: unknown[], metadata?: Metadata): void {
    this.send({}, new SharedEvent(interfaceName, event, args, metadata, this.limits));
  }

  /**
   * Calls a method of all who are selected: what `toUser` of a server calls. The first result counts.
   * @returns a Promise of the result; it rejects with the first error where all calls have failed, and with -9 where there
   * is no session
   */
  call(
    selection: Selection,
    interfaceName: string,
    method: string,
    args: unknown[],
    options?: CallOptions,
  ): Promise<unknown> {
    return callAny([...this.select(selection)], interfaceName, method, args, options);
  }

  /** @internal Events of several servers come from a source from now on. Of several sources, the first one counts. */
  follow(source: EventSource): void {
    this.source ??= source;
  }

  /** @internal No more events come from a source. */
  unfollow(source: EventSource): void {
    if (this.source !== source) return;
    this.source = undefined;
    this.ahead.clear();
  }

  /** @internal Sends an event that has come from several servers to all who are selected, and have not got it elsewhere. */
  deliver(counted: CountedEvent, source: EventSource): void {
    const event = this.sharedOf(counted);
    // The numbers of another source are others.
    const ahead = source === this.source ? this.ahead : NOBODY;
    for (const connection of this.select(counted.selection)) {
      if (ahead.size === 0 || counted.number > (ahead.get(connection) ?? 0)) sendShared(connection, event);
    }
    for (const [connection, position] of ahead) if (position <= counted.number) ahead.delete(connection);
  }

  /** @internal Whether anybody is selected. */
  hasAny(selection: Selection): boolean {
    return !this.select(selection)[Symbol.iterator]().next().done;
  }

  /** @internal A session has got its place on this server, with its rooms. */
  entered(connection: Connection, session: Session<Connection>): void {
    if (session.rooms.size === 0) return;
    const rooms = [...session.rooms];
    // All at first: what does not fit here must not count against what does.
    for (const room of rooms) session.deleteRoom(room);
    for (const room of rooms) {
      if (room === '' || room.length > this.limits.maxRoomNameLength || this.fullFor(session, room)) continue;
      session.addRoom(room);
      this.members.add(room, connection);
    }
    this.arriving.add(connection);
  }

  /** @internal The client of a session that has entered is connected. */
  arrived(connection: Connection): void {
    if (connection.username !== null) this.users?.add(connection.username, connection);
    this.catchUp(connection);
    if (!this.arriving.delete(connection)) return;
    for (const room of connection.session?.rooms ?? []) this.observer.joined(room, connection, 'resume');
  }

  /** @internal A session has lost its place on this server. */
  departed(connection: Connection, session: Session<Connection>, reason: LeaveReason): void {
    if (session.username !== null) this.users?.delete(session.username, connection);
    const isUntold = this.arriving.delete(connection);
    const position = this.source?.position;
    if (reason !== 'end' && position !== undefined)
      session.eventPosition = Math.max(position, this.ahead.get(connection) ?? 0);
    this.ahead.delete(connection);
    if (session.rooms.size === 0) return;
    const rooms = [...session.rooms];
    for (const room of rooms) {
      this.members.delete(room, connection);
      if (reason === 'end') session.deleteRoom(room);
    }
    // After all of it: a listener sees what is true then.
    if (!isUntold) for (const room of rooms) this.observer.left(room, connection, reason);
  }

  /** Sends what has come while the session was on its way here, and notes what will come that it has got elsewhere. */
  private catchUp(connection: Connection): void {
    const { session } = connection;
    const position = session?.eventPosition;
    if (!session || position === undefined) return;
    session.eventPosition = undefined;
    const { source } = this;
    if (!source) return;
    for (const counted of source.since(position)) {
      if (isSelected(session, counted.selection)) sendShared(connection, this.sharedOf(counted));
    }
    if (position > (source.position ?? position)) this.ahead.set(connection, position);
  }

  /** The event for all clients that get it. Why kept: many sessions may come at once that have missed the same events. */
  private sharedOf(counted: CountedEvent): SharedEvent {
    const known = this.shared.get(counted);
    if (known) return known;
    const { interfaceName, event, args, metadata } = counted;
    const shared = new SharedEvent(interfaceName, event, args, metadata, this.limits);
    this.shared.set(counted, shared);
    return shared;
  }

  private send(selection: Selection, event: SharedEvent): void {
    for (const connection of this.select(selection)) sendShared(connection, event);
  }

  private select(selection: Selection): Iterable<Connection> {
    const { exceptRooms = [], exceptSessions = [] } = selection;
    const included = this.included(selection);
    return exceptRooms.length + exceptSessions.length === 0
      ? included
      : without(included, exceptRooms, new Set(exceptSessions));
  }

  private included({ rooms, users }: Selection): Iterable<Connection> {
    if (!rooms && !users) return this.clients.reachable();
    const groups = [
      ...[...new Set(rooms)].map((room) => this.members.of(room)),
      ...[...new Set(users)].map((user) => this.byUser.of(user)),
    ];
    return groups.length === 1 ? groups[0] : union(groups);
  }

  private get byUser(): MemberIndex {
    if (this.users) return this.users;
    this.users = new MemberIndex();
    for (const connection of this.clients) {
      if (connection.username !== null) this.users.add(connection.username, connection);
    }
    return this.users;
  }

  private checkName(room: unknown): void {
    const { maxRoomNameLength } = this.limits;
    const isName = (value: unknown): boolean =>
      typeof value === 'string' && value !== '' && value.length <= maxRoomNameLength;
    check('room', room, `a text of 1 to ${maxRoomNameLength} characters (limits.maxRoomNameLength)`, isName);
  }

  private fullFor(session: Session<Connection>, room: string): 'maxRooms' | 'maxRoomsPerSession' | undefined {
    if (session.rooms.size >= this.limits.maxRoomsPerSession) return 'maxRoomsPerSession';
    return this.size >= this.limits.maxRooms && !this.members.has(room) ? 'maxRooms' : undefined;
  }
}

function tooManyRooms(name: 'maxRooms' | 'maxRoomsPerSession', limit: number): JstpError {
  const what = name === 'maxRooms' ? 'The server has as many rooms' : 'The session is in as many rooms';
  return new JstpError('ERR_JSTP_TOO_MANY_ROOMS', `${what} as limits.${name} allows (${limit})`);
}

function union(groups: readonly Iterable<Connection>[]): Set<Connection> {
  const all = new Set<Connection>();
  for (const group of groups) for (const connection of group) all.add(connection);
  return all;
}

function* without(
  connections: Iterable<Connection>,
  rooms: readonly string[],
  sessions: ReadonlySet<string>,
): Iterable<Connection> {
  for (const connection of connections) {
    const { session } = connection;
    if (session && !isExcepted(session, rooms, sessions)) yield connection;
  }
}
