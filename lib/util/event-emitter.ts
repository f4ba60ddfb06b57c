import { isThenable } from './callback.js';
import { reportUnhandledError } from './host.js';

/** Event name -> the arguments that its listeners get. */
export type EventMap = Record<string, unknown[]>;

type AnyListener = (...args: unknown[]) => void;

interface Registration {
  /** Typed for users as returning nothing, but it may be an async function. */
  readonly listener: (...args: unknown[]) => unknown;
  readonly once: boolean;
}

// Symbols, because a RemoteProxy has methods beside these, under names that a peer chose.
const REGISTRATIONS = Symbol('registrations');
const REGISTER = Symbol('register');
const REMOVE = Symbol('remove');

/** Gets the errors that listeners throw. */
export interface ErrorReporter {
  /** Reports an error of a listener. */
  reportError(error: unknown): void;
}

/** Reports to the console, for errors of the listeners that get errors. */
export const LAST_RESORT: ErrorReporter = {
  reportError: (error) => {
    reportUnhandledError('error in a listener', error);
  },
};

/** The key of the method by which this package itself emits. */
export const SAFE_EMIT = Symbol('safe emit');

/** The key of the method that is told of a change of the listeners. */
export const LISTENERS_CHANGED = Symbol('listeners changed');

/**
 * The part of Node's EventEmitter that the core needs, typed and without Node, so that the same classes
 * run in a browser. It conforms where it exists: `events.once()` and `events.on()` accept it, listeners
 * run in the order of their registration, and `emit('error')` without a listener throws the error.
 */
export class EventEmitter<Events extends object = EventMap> {
  // Made with the first listener. Why: most connections of a server never have one.
  private [REGISTRATIONS]: Map<string | symbol, readonly Registration[]> | undefined;

  /** @internal Listeners have come or gone. Undefined: the class does not ask. */
  [LISTENERS_CHANGED]?(): void;

  /** Adds a listener. */
  on<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): this {
    return this[REGISTER](name, { listener: listener as AnyListener, once: false }, false);
  }

  /** Adds a listener that is removed before it is called for the first time. */
  once<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): this {
    return this[REGISTER](name, { listener: listener as AnyListener, once: true }, false);
  }

  /** The same as {@link on}. */
  addListener<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): this {
    return this.on(name, listener);
  }

  /** Adds a listener before those already there. */
  prependListener<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): this {
    return this[REGISTER](name, { listener: listener as AnyListener, once: false }, true);
  }

  /** Adds a listener for one event before those already there. */
  prependOnceListener<Name extends keyof Events & string>(
    name: Name,
    listener: ListenerOf<Events, Name>,
  ): this {
    return this[REGISTER](name, { listener: listener as AnyListener, once: true }, true);
  }

  /** Removes the newest registration of a listener; unknown ones are ignored. */
  off<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): this {
    const registered = this[REGISTRATIONS]?.get(name);
    const index = registered?.findLastIndex((entry) => entry.listener === listener) ?? -1;
    const entry = registered?.[index];
    if (entry) this[REMOVE](name, entry);
    return this;
  }

  /** The same as {@link off}. */
  removeListener<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): this {
    return this.off(name, listener);
  }

  /** Removes the listeners of one event, or of all. */
  removeAllListeners(name?: keyof Events & string): this {
    if (name === undefined) this[REGISTRATIONS] = undefined;
    else this[REGISTRATIONS]?.delete(name);
    this[LISTENERS_CHANGED]?.();
    return this;
  }

  /**
   * Calls the listeners of an event, in order.
   * @returns whether there was a listener
   * @throws what a listener throws; the error itself for an 'error' event without a listener
   */
  emit<Name extends keyof Events & string>(name: Name, ...args: ArgumentsOf<Events, Name>): boolean {
    const registered = this[REGISTRATIONS]?.get(name);
    if (registered === undefined) {
      if (name === 'error') throw args[0];
      return false;
    }
    // Invariant: the array is never changed in place, so that a listener may add and remove others.
    for (const entry of registered) {
      if (entry.once) this[REMOVE](name, entry);
      entry.listener.apply(this, args as unknown[]);
    }
    return true;
  }

  /**
   * @internal Calls the listeners of an event, whose name may be one that a peer chose. An error that a listener throws
   * or rejects with is reported once, and stops neither the other listeners nor the caller. An 'error' without a
   * listener is not thrown.
   * @returns whether there was a listener
   */
  [SAFE_EMIT](name: string, args: readonly unknown[], reporter: ErrorReporter): boolean {
    const registered = this[REGISTRATIONS]?.get(name);
    if (registered === undefined) return false;
    for (const entry of registered) {
      if (entry.once) this[REMOVE](name, entry);
      try {
        const outcome = entry.listener.apply(this, args as unknown[]);
        if (isThenable(outcome)) reportRejection(outcome, reporter);
      } catch (error) {
        reporter.reportError(error);
      }
    }
    return true;
  }

  /** How many listeners an event has. */
  listenerCount(name: keyof Events & string): number {
    return this[REGISTRATIONS]?.get(name)?.length ?? 0;
  }

  /** The listeners of an event, a copy. */
  listeners(name: keyof Events & string): AnyListener[] {
    return (this[REGISTRATIONS]?.get(name) ?? []).map((entry) => entry.listener);
  }

  /** The same as {@link listeners}: one-time listeners are not wrapped here. */
  rawListeners(name: keyof Events & string): AnyListener[] {
    return this.listeners(name);
  }

  /** The names of the events that have listeners. */
  eventNames(): (string | symbol)[] {
    return [...(this[REGISTRATIONS]?.keys() ?? [])];
  }

  /** Does nothing: there is no limit of listeners. It exists for programs written for Node's emitter. */
  setMaxListeners(_count: number): this {
    return this;
  }

  /** Returns Infinity: there is no limit of listeners. */
  getMaxListeners(): number {
    return Infinity;
  }

  private [REGISTER](name: string, entry: Registration, first: boolean): this {
    this[REGISTRATIONS] ??= new Map();
    const registered = this[REGISTRATIONS].get(name) ?? [];
    this[REGISTRATIONS].set(name, first ? [entry, ...registered] : [...registered, entry]);
    this[LISTENERS_CHANGED]?.();
    return this;
  }

  private [REMOVE](name: string, entry: Registration): void {
    const left = this[REGISTRATIONS]?.get(name)?.filter((other) => other !== entry) ?? [];
    if (left.length > 0) this[REGISTRATIONS]?.set(name, left);
    else this[REGISTRATIONS]?.delete(name);
    this[LISTENERS_CHANGED]?.();
  }
}

/** Reports the error that an async listener rejects with. */
export function reportRejection(outcome: PromiseLike<unknown>, reporter: ErrorReporter): void {
  outcome.then(undefined, (error: unknown) => {
    reporter.reportError(error);
  });
}

/** The arguments of one event of an event map. */
export type ArgumentsOf<Events, Name extends keyof Events> = Events[Name] extends unknown[]
  ? Events[Name]
  : never;

/** A listener of one event of an event map. */
export type ListenerOf<Events, Name extends keyof Events> = (...args: ArgumentsOf<Events, Name>) => void;
