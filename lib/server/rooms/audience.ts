import type { InterfaceOf, EmitOf, CallOf, GivenOrRecord, GottenResult } from '../../application/contract.js';
import { exclude, selectRooms, selectUsers, type Excluded, type Selection } from './selection.js';

/** Sends events to those who are selected. */
export interface AudienceSink<Result> {
  /** @param args the arguments as they were given */
  emit(selection: Selection, interfaceName: string, event: string, args: unknown[]): Result;
}

/** The same, and makes calls. */
export interface UserSink<Result> extends AudienceSink<Result> {
  /** Calls a method of all who are selected. @returns a Promise of the first result */
  call(selection: Selection, interfaceName: string, method: string, args: unknown[]): Promise<unknown>;
}

/**
 * Those who get an event: the members of rooms, users, or all. It is never changed: each method returns another one, so
 * that one may be kept and used again.
 *
 * @typeParam Result what {@link emit} returns
 * @typeParam Contract the contract of the application, for names and types that the compiler checks. @default anything
 * @example
 * server.to('kitchen').to('hall').except(context).emit('chat', 'said', 'hello');
 */
export class Audience<Result = void, out Contract = unknown> {
  /** @internal Only servers and broadcasters make it. */
  constructor(
    private readonly sink: AudienceSink<Result>,
    private readonly selection: Selection,
  ) {}

  /**
   * Adds the members of rooms. Who is in several gets an event once.
   * @throws ConfigurationError for what is no text
   */
  to(...rooms: readonly string[]): Audience<Result, Contract> {
    return new Audience(this.sink, selectRooms(this.selection, rooms));
  }

  /**
   * Adds the sessions of users.
   * @throws ConfigurationError for what is no text
   */
  toUser(...names: readonly string[]): Audience<Result, Contract> {
    return new Audience(this.sink, selectUsers(this.selection, names));
  }

  /**
   * Leaves out the members of rooms, by name, and single sessions: that of a context or a connection.
   * @throws ConfigurationError for anything else
   */
  except(...excluded: readonly Excluded[]): Audience<Result, Contract> {
    return new Audience(this.sink, exclude(this.selection, excluded));
  }

  /**
   * Sends an event. Who is away gets it when the session is resumed, as far as its journal has room.
   * @throws MdsfStringifyError for arguments that cannot be sent
   */
  emit<Interface extends InterfaceOf<Contract>, Event extends EmitOf<Contract, Interface>>(
    interfaceName: Interface,
    event: Event,
    ...args: GivenOrRecord<Contract, Interface, 'emits', Event>
  ): Result {
    return this.sink.emit(this.selection, interfaceName, event, args);
  }
}

/** The sessions of users, which get events and may be called. */
export class UserAudience<Result = void, out Contract = unknown> {
  /** @internal Only servers and broadcasters make it. */
  constructor(
    private readonly sink: UserSink<Result>,
    private readonly selection: Selection,
  ) {}

  /** As {@link Audience.except}. */
  except(...excluded: readonly Excluded[]): UserAudience<Result, Contract> {
    return new UserAudience(this.sink, exclude(this.selection, excluded));
  }

  /** As {@link Audience.to}: adds the members of rooms, which are not called. */
  to(...rooms: readonly string[]): Audience<Result, Contract> {
    return new Audience(this.sink, selectRooms(this.selection, rooms));
  }

  /** As {@link Audience.emit}. */
  emit<Interface extends InterfaceOf<Contract>, Event extends EmitOf<Contract, Interface>>(
    interfaceName: Interface,
    event: Event,
    ...args: GivenOrRecord<Contract, Interface, 'emits', Event>
  ): Result {
    return this.sink.emit(this.selection, interfaceName, event, args);
  }

  /**
   * Calls a method of all sessions of the user. The first result counts, and the other calls are cancelled then. A
   * session that is away is called when it is resumed.
   * @returns a Promise of the result, or of an array of several results
   * @throws RemoteError the first error, where all calls have failed; -9 (`ERR_NOT_CONNECTED`) where there is no session
   */
  call<Interface extends InterfaceOf<Contract>, Method extends CallOf<Contract, Interface>>(
    interfaceName: Interface,
    method: Method,
    ...args: GivenOrRecord<Contract, Interface, 'calls', Method>
  ): Promise<GottenResult<Contract, Interface, 'calls', Method>>;
  call(interfaceName: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.sink.call(this.selection, interfaceName, method, args);
  }
}
