import type { Connection } from '../../connection/connection.js';

/** Connections by a text that many of them may have in common: the name of a room, or of a user. */
export class MemberIndex {
  // Why a Set only from the second one on: most users have one session, and a Set takes 200 bytes.
  private readonly byKey = new Map<string, Connection | Set<Connection>>();

  /** How many texts have connections. */
  get size(): number {
    return this.byKey.size;
  }

  /** The texts that have connections. */
  keys(): IterableIterator<string> {
    return this.byKey.keys();
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  /** How many connections a text has. */
  count(key: string): number {
    const found = this.byKey.get(key);
    if (found === undefined) return 0;
    return found instanceof Set ? found.size : 1;
  }

  /** The connections of a text. They may change while they are iterated over. */
  of(key: string): Iterable<Connection> {
    const found = this.byKey.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? found : [found];
  }

  add(key: string, connection: Connection): void {
    const found = this.byKey.get(key);
    if (found instanceof Set) found.add(connection);
    else if (found === undefined) this.byKey.set(key, connection);
    else if (found !== connection) this.byKey.set(key, new Set([found, connection]));
  }

  delete(key: string, connection: Connection): void {
    const found = this.byKey.get(key);
    if (found instanceof Set) found.delete(connection);
    if (found === connection || (found instanceof Set && found.size === 0)) this.byKey.delete(key);
  }
}
