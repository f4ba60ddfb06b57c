import type { Connection } from '../connection/connection.js';
import { Audience, UserAudience, type UserSink } from '../server/rooms/audience.js';
import type { Presence } from '../server/rooms/presence.js';
import type { RoomsBroadcaster } from '../server/rooms/rooms-broadcaster.js';
import { selectRooms, selectUsers, type Excluded, type WithConnection } from '../server/rooms/selection.js';
import { messageOf } from './jstp-record.js';
import type { JstpServer, JstpServerEvents } from './server/jstp-server.js';

/**
 * The rooms of an application, for any provider; JstpModule provides it. With the option `broadcaster` it reaches the
 * clients of all servers, else those of this one. A {@link JstpRecord} stands in the place of all arguments of an event or
 * a call, and its metadata goes along.
 * @typeParam Contract the contract of the application, for names and types that the compiler checks. @default anything
 * @example
 * constructor(private readonly rooms: JstpRooms) {}
 *
 * await this.rooms.to('kitchen').except(context).emit('chat', 'said', 'hello');
 */
export class JstpRooms<out Contract = unknown> {
  private readonly sink: UserSink<Promise<void>>;

  /** @internal JstpModule makes it. */
  constructor(
    private readonly server: JstpServer,
    private readonly broadcaster: RoomsBroadcaster | undefined,
  ) {
    this.sink = broadcaster ? sinkOf(broadcaster) : localSinkOf(server);
  }

  /**
   * Lets a client's session into a room: that of a context or a connection.
   * @returns whether it has joined now: false where it is in the room already, and where its session has ended
   * @throws as `Rooms.join`
   */
  join(client: WithConnection | Connection, room: string): boolean {
    return this.server.rooms.join(connectionOf(client), room);
  }

  /**
   * Lets a client's session out of a room.
   * @returns whether it was in the room
   */
  leave(client: WithConnection | Connection, room: string): boolean {
    return this.server.rooms.leave(connectionOf(client), room);
  }

  /** Selects the members of rooms. `emit` returns a Promise: with a broadcaster it is settled when Redis has the event. */
  to(...rooms: readonly string[]): Audience<Promise<void>, Contract> {
    return new Audience(this.sink, selectRooms({}, rooms));
  }

  /** Selects the sessions of a user, for events and calls. */
  toUser(name: string): UserAudience<Promise<void>, Contract> {
    return new UserAudience(this.sink, selectUsers({}, [name]));
  }

  /** Selects all clients, but for the members of rooms, and single contexts, connections or sessions. */
  except(...excluded: readonly Excluded[]): Audience<Promise<void>, Contract> {
    return new Audience<Promise<void>, Contract>(this.sink, {}).except(...excluded);
  }

  /**
   * Tells who is in a room.
   * @param maxListed how many sessions are listed at most. @default 1000
   */
  async who(room: string, maxListed?: number): Promise<Presence> {
    return this.broadcaster ? this.broadcaster.who(room, maxListed) : this.server.rooms.who(room, maxListed);
  }

  /** Listens to those who join or leave at this server, see the events of JstpServer. */
  on<Name extends 'joined' | 'left'>(event: Name, listener: JstpServerEvents[Name]): this {
    this.server.on(event, listener);
    return this;
  }
}

/** Sends to the clients of one server. */
function localSinkOf(server: Pick<JstpServer, 'rooms'>): UserSink<Promise<void>> {
  return {
    // Why async: what is wrong rejects, as it does where several servers are reached.

    emit: async (selection, interfaceName, event, given) => {
      const { args, options } = messageOf(given);
      server.rooms.emit(selection, interfaceName, event, args, options?.metadata);
    },
    call: async (selection, interfaceName, method, given) => {
      const { args, options } = messageOf(given);
      return server.rooms.call(selection, interfaceName, method, args, options);
    },
  };
}

/** Sends to the clients of all servers. */
function sinkOf(broadcaster: RoomsBroadcaster): UserSink<Promise<void>> {
  return {
    emit: (selection, interfaceName, event, given) => {
      const { args, options } = messageOf(given);
      return broadcaster.emitTo(selection, interfaceName, event, args, options?.metadata);
    },
    call: (selection, interfaceName, method, given) => {
      const { args, options } = messageOf(given);
      return broadcaster.callAny(selection, interfaceName, method, args, options);
    },
  };
}

function connectionOf(client: WithConnection | Connection): Connection {
  return 'getConnection' in client ? client.getConnection() : client;
}
