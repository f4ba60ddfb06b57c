import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import type { Target, TransportName } from '../conversation.js';
import { dial, type Peer, type PeerOptions } from './peer.js';

/** How many addresses an attacker has. */
const ADDRESSES = 4;
const TICK_MS = 20;

/** What an attacker attacks with: connections, a steady rate, and chance. */
export class Kit {
  readonly counts = { opened: 0, closed: 0, sentBytes: 0 };
  private readonly peers = new Set<Peer>();
  private readonly timers: NodeJS.Timeout[] = [];
  readonly random: SeededRandom;
  private turn = 0;

  /**
   * @param target the server's ports
   * @param index the attacker's place among all, which its addresses come from
   * @param seed where chance begins
   * @param share what part of each rate it has, from 0 to 1
   */
  constructor(
    readonly target: Target,
    private readonly index: number,
    seed: number,
    private readonly share: number,
  ) {
    this.random = new SeededRandom(seed + index);
  }

  /** How many connections are open. */
  get open(): number {
    return this.peers.size;
  }

  /** Runs a step at a steady rate. */
  rate(perSecond: number, step: () => void): void {
    let due = 0;
    this.timers.push(
      setInterval(() => {
        due += (perSecond * this.share * TICK_MS) / 1000;
        for (; due >= 1; due -= 1) step();
      }, TICK_MS),
    );
  }

  /**
   * Keeps so many connections open, the first one from now on, and makes another one for each that ends.
   * @param perSecond how many it makes in a second at most
   */
  keep(count: number, make: () => Peer, perSecond = 100): readonly Peer[] {
    const kept = [make()];
    this.rate(perSecond, () => {
      const index = kept.length < count ? kept.length : kept.findIndex(({ isOver }) => isOver);
      if (index >= 0) kept[index] = make();
    });
    return kept;
  }

  /** Opens a connection, from each of the attacker's addresses in turn. */
  dial(transport: TransportName, options: PeerOptions = {}): Peer {
    const localAddress = `127.0.${String(this.index + 1)}.${String(1 + ((this.turn += 1) % ADDRESSES))}`;
    const peer = dial(transport, this.target, { localAddress, ...options }, (bytes) => {
      this.counts.sentBytes += bytes;
    });
    this.counts.opened += 1;
    this.peers.add(peer);
    peer.socket.on('close', () => {
      this.peers.delete(peer);
      this.counts.closed += 1;
    });
    return peer;
  }

  /** The open connection that was made first. */
  get oldest(): Peer | undefined {
    return this.peers.values().next().value;
  }

  /** Ends the attack: nothing is sent any more, and all connections are cut. */
  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const peer of this.peers) peer.socket.destroy();
  }
}
