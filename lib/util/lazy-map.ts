type AnyMethod = (this: Map<unknown, unknown>, ...args: unknown[]) => unknown;

/**
 * A Map whose table is made with its first entry. Why: an empty Map of JavaScript takes 150 bytes for its table.
 *
 * It is an `instanceof Map` and has all methods of a Map, but not a Map's internals: `structuredClone` and
 * `Map.prototype.get.call` do not accept it.
 */
export class LazyMap<Key, Value> implements Map<Key, Value> {
  /** Inherited from Map. */
  declare readonly [Symbol.toStringTag]: string;
  #table: Map<Key, Value> | undefined = undefined;

  /** @param entries the first entries */
  constructor(entries?: Iterable<readonly [Key, Value]> | null) {
    // By `set`, which a subclass may override, as with Map.
    for (const [key, value] of entries ?? []) this.set(key, value);
  }

  get size(): number {
    return this.#table?.size ?? 0;
  }

  get(key: Key): Value | undefined {
    return this.#table?.get(key);
  }

  has(key: Key): boolean {
    return this.#table?.has(key) ?? false;
  }

  set(key: Key, value: Value): this {
    this.open().set(key, value);
    return this;
  }

  delete(key: Key): boolean {
    return this.#table?.delete(key) ?? false;
  }

  clear(): void {
    this.#table?.clear();
  }

  forEach(callback: (value: Value, key: Key, map: Map<Key, Value>) => void, thisArg?: unknown): void {
    // Needs the table: the callback may add entries, and is called with them, too.
    this.open().forEach((value, key) => {
      callback.call(thisArg, value, key, this);
    });
  }

  // Iterators need the table: they go on with entries that are added later.
  // Why these types: compilers before 5.6 have no MapIterator, and check these declarations as well.
  entries(): ReturnType<Map<Key, Value>['entries']> {
    return this.open().entries();
  }

  keys(): ReturnType<Map<Key, Value>['keys']> {
    return this.open().keys();
  }

  values(): ReturnType<Map<Key, Value>['values']> {
    return this.open().values();
  }

  [Symbol.iterator](): ReturnType<Map<Key, Value>['entries']> {
    return this.entries();
  }

  private open(): Map<Key, Value> {
    return (this.#table ??= new Map<Key, Value>());
  }

  static {
    Object.setPrototypeOf(this.prototype, Map.prototype);
    // Methods that later versions of the language add to Map (`getOrInsert`) need a real Map: they get the table.
    for (const name of Object.getOwnPropertyNames(Map.prototype)) {
      if (Object.hasOwn(this.prototype, name)) continue;
      const { value: method } = Object.getOwnPropertyDescriptor(Map.prototype, name) as { value: AnyMethod };
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        writable: true,
        value(this: LazyMap<unknown, unknown>, ...args: unknown[]): unknown {
          return method.apply(this.open(), args);
        },
      });
    }
  }
}
