import type { Listener, ListenerFactory, ListenerSink } from '../server/listener.js';
import { ignore } from '../util/callback.js';

/** A listener of a group, and where it listens. */
export interface GroupMember {
  readonly createListener: ListenerFactory;
  /** The arguments of its `listen`. */
  readonly listenArguments: readonly unknown[];
}

/**
 * Joins several listeners into one, which listens when all of them do. When one of them fails to start, the others are
 * closed, and its error is the group's. `address()` and `raw` are arrays in the order of the members.
 */
export function listenerGroup(members: readonly GroupMember[]): ListenerFactory {
  return (sink) => new ListenerGroup(members, sink);
}

/** A member and its state. */
interface Slot {
  readonly listener: Listener;
  readonly listenArguments: readonly unknown[];
  state: 'closed' | 'starting' | 'listening' | 'closing';
}

class ListenerGroup implements Listener {
  private readonly slots: readonly Slot[];
  /** Whether the group listens, or is to listen when all members do. */
  private isWanted = false;
  private failure: readonly unknown[] | undefined;
  private onListening: () => void = ignore;
  private onClosed: ((error?: Error) => void)[] = [];

  constructor(
    members: readonly GroupMember[],
    private readonly sink: ListenerSink,
  ) {
    this.slots = members.map(({ createListener, listenArguments }, index) => {
      const forward = (event: string, args: readonly unknown[]): void => {
        this.handleEvent(this.slots[index], event, args);
      };
      return { listener: createListener({ ...sink, forward }), listenArguments, state: 'closed' };
    });
  }

  get listening(): boolean {
    return this.isWanted;
  }

  get raw(): readonly unknown[] {
    return this.slots.map(({ listener }) => listener.raw);
  }

  /** Each member has arguments of its own: of the given ones, only a callback counts. */
  listen(args: unknown[]): void {
    const callback = args.at(-1);
    this.onListening = typeof callback === 'function' ? (callback as () => void) : ignore;
    this.isWanted = true;
    for (const slot of this.slots) slot.state = 'starting';
    for (const { listener, listenArguments } of this.slots) listener.listen([...listenArguments]);
  }

  close(callback: (error?: Error) => void = ignore): void {
    this.onClosed.push(callback);
    this.isWanted = false;
    this.closeMembers();
  }

  address(): unknown {
    return this.slots.map(({ listener }) => listener.address());
  }

  ref(): void {
    for (const { listener } of this.slots) listener.ref();
  }

  unref(): void {
    for (const { listener } of this.slots) listener.unref();
  }

  /** Handles an event of a member. */
  private handleEvent(slot: Slot, event: string, args: readonly unknown[]): void {
    if (event === 'listening') this.handleListening(slot);
    else if (event === 'error' && slot.state === 'starting') {
      slot.state = 'closed';
      this.failure ??= args;
      this.isWanted = false;
      this.closeMembers();
    } else if (event === 'close') {
      slot.state = 'closed';
      this.closeMembers();
    } else this.sink.forward(event, args);
  }

  private handleListening(slot: Slot): void {
    slot.state = 'listening';
    if (!this.isWanted) this.closeMembers();
    else if (this.slots.every(({ state }) => state === 'listening')) {
      this.sink.forward('listening', []);
      this.onListening();
    }
  }

  /** Closes all members, unless the group is to listen. A member that is starting is closed once it listens. */
  private closeMembers(): void {
    if (this.isWanted) return;
    for (const slot of this.slots) {
      if (slot.state !== 'listening') continue;
      slot.state = 'closing';
      slot.listener.close();
    }
    if (this.slots.every(({ state }) => state === 'closed')) this.handleAllClosed();
  }

  private handleAllClosed(): void {
    const { failure, onClosed } = this;
    this.failure = undefined;
    this.onClosed = [];
    if (failure) this.sink.forward('error', failure);
    else this.sink.forward('close', []);
    for (const callback of onClosed) callback();
  }
}
