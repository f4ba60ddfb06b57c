import type { Listener, ListenerFactory, ListenerSink } from '../server/listener.js';
import { ignore } from '../util/callback.js';

/** One of several listeners, and where it listens. */
export interface GroupMember {
  readonly createListener: ListenerFactory;
  /** The arguments of its `listen`. */
  readonly listenArguments: readonly unknown[];
}

/**
 * Joins several listeners into one. It listens when all of them do; what keeps one from it ends the others and
 * is the group's error. `address()` and `raw` are arrays in the order of the members.
 */
export function listenerGroup(members: readonly GroupMember[]): ListenerFactory {
  return (sink) => new ListenerGroup(members, sink);
}

/** A member: what it is told to do, and what it has said since. */
interface Slot {
  readonly listener: Listener;
  readonly listenArguments: readonly unknown[];
  state: 'closed' | 'starting' | 'listening' | 'closing';
}

class ListenerGroup implements Listener {
  private readonly slots: readonly Slot[];
  /** Whether the group listens, or is on its way there. */
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
        this.heard(this.slots[index], event, args);
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

  /** Each member knows where; of the arguments only a callback counts. */
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
    this.endAll();
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

  /** An event of a member. */
  private heard(slot: Slot, event: string, args: readonly unknown[]): void {
    if (event === 'listening') this.slotListens(slot);
    else if (event === 'error' && slot.state === 'starting') {
      slot.state = 'closed';
      this.failure ??= args;
      this.isWanted = false;
      this.endAll();
    } else if (event === 'close') {
      slot.state = 'closed';
      this.endAll();
    } else this.sink.forward(event, args);
  }

  private slotListens(slot: Slot): void {
    slot.state = 'listening';
    if (!this.isWanted) this.endAll();
    else if (this.slots.every(({ state }) => state === 'listening')) {
      this.sink.forward('listening', []);
      this.onListening();
    }
  }

  /** Ends all members, unless the group is to listen; those that are starting when they have started. */
  private endAll(): void {
    if (this.isWanted) return;
    for (const slot of this.slots) {
      if (slot.state !== 'listening') continue;
      slot.state = 'closing';
      slot.listener.close();
    }
    if (this.slots.every(({ state }) => state === 'closed')) this.ended();
  }

  private ended(): void {
    const { failure, onClosed } = this;
    this.failure = undefined;
    this.onClosed = [];
    if (failure) this.sink.forward('error', failure);
    else this.sink.forward('close', []);
    for (const callback of onClosed) callback();
  }
}
