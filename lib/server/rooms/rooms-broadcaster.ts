import type { CallOptions } from '../../connection/calls/call-options.js';
import type { Connection } from '../../connection/connection.js';
import type { Metadata } from '../../protocol/message.js';
import type { Presence } from './presence.js';
import type { Rooms } from './rooms.js';
import type { Selection } from './selection.js';

/** A server whose clients are reached through a {@link RoomsBroadcaster}. */
export interface RoomsTarget {
  /** Returns the connected clients. */
  getClients(): Iterable<Connection>;
  /** Returns the connected clients, and those whose sessions wait to be resumed. */
  getReachableClients(): Iterable<Connection>;
  /** The rooms of the server. */
  readonly rooms: Rooms;
}

/** Sends events to the rooms and users of several servers. `RedisBroadcaster` is one. */
export interface RoomsBroadcaster {
  /** Lets what is sent reach the clients of a server. @returns a function that ends that */
  attach(server: RoomsTarget): Promise<() => void>;
  /** Sends an event to all who are selected, on all servers. */
  emitTo(
    selection: Selection,
    interfaceName: string,
    event: string,
    args: unknown[],
    metadata?: Metadata,
  ): Promise<void>;
  /** Calls a method of all who are selected, on all servers. The first result counts. */
  callAny(
    selection: Selection,
    interfaceName: string,
    method: string,
    args: unknown[],
    options?: Pick<CallOptions, 'metadata' | 'timeout'>,
  ): Promise<unknown>;
  /** Tells who is in a room, on all servers. */
  who(room: string, maxListed?: number): Promise<Presence>;
}
