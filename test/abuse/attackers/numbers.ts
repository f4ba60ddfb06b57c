import type { Peer } from './peer.js';

/** Numbers of calls, one row for each connection. */
export class Numbers {
  private readonly next = new WeakMap<Peer, number>();

  take(peer: Peer): number {
    const number = this.next.get(peer) ?? 1;
    this.next.set(peer, number + 1);
    return number;
  }
}
