import type { Transport } from '../connection/transport.js';
import type { Limits } from '../protocol/limits.js';
import { checkNames } from '../protocol/option-checks.js';
import type { ListenerFactory } from '../server/listener.js';
import { createEntry, type TransportEntry } from '../transport/entry.js';
import { memoryDialer, MemoryListener, type MemoryNetwork } from '../transport/memory/memory-network.js';
import type { Pace } from './fault-lane.js';
import { FaultLink } from './fault-link.js';
import { SeededRandom } from './seeded-random.js';

/** The options of `createFaultEntry`: how bytes travel, and the seed of what is left to chance. */
export interface FaultOptions extends Pace {
  /** An integer from which everything follows that is left to chance: the same seed gives the same run. @default 1 */
  readonly seed?: number;
  /**
   * Called with each new link before the first byte, so that its faults can be planned:
   * `(link) => link.cutAfter(40, 'toServer')` cuts within the handshake. @default nothing
   */
  readonly onLink?: ((link: FaultLink) => void) | undefined;
}

const OPTION_NAMES = Object.keys({
  seed: true,
  onLink: true,
  chunkBytes: true,
  delayTurns: true,
} satisfies Record<keyof FaultOptions, true>);

/**
 * An entry object whose transports can have faults. A link is the pair of transports between a client and the server.
 */
export interface FaultEntry extends TransportEntry {
  /** The links that are open for at least one side, the oldest first. */
  readonly links: readonly FaultLink[];
  /** The newest link, open or not; undefined before the first. */
  readonly latest: FaultLink | undefined;
  /** How many links were made. */
  readonly linkCount: number;
  /** Whether clients that connect get ECONNREFUSED, as when no server listens. @default false */
  isRefusing: boolean;
  /** The option `onLink`; may be changed at any time. */
  onLink: ((link: FaultLink) => void) | undefined;
  /**
   * Ends all faults: releases bytes that are held, and lets each side notice that its link is dead. New links have no
   * faults.
   */
  heal(): void;
}

/**
 * Makes an entry object as `createMemoryEntry()` does, with a network of its own within this process, for tests of a
 * bad network: its transports carry bytes, and can be cut at any byte. Bytes move by microtasks, without time or I/O,
 * so that tests can use fake timers, and repeat a run exactly by its seed.
 * @throws ConfigurationError for an unknown option
 * @example
 * const entry = createFaultEntry({ seed: 7, chunkBytes: [1, 16] });
 * const server = entry.createServer([application]);
 * server.listen(1);
 * const client = await entry.connect('app', { reconnector: (_connection, again) => again() }, 1);
 * entry.latest?.cutAfter(10, 'toServer');
 */
export function createFaultEntry(options: FaultOptions = {}): FaultEntry {
  checkNames('options', options, OPTION_NAMES);
  const network: MemoryNetwork = new Map();
  const maker = new LinkMaker(options);
  const dialer = memoryDialer(network, (listener, limits) => maker.connect(listener, limits));
  const entry = createEntry('fault', new Map([['fault', dialer]]), (_options, limits) => {
    const createListener: ListenerFactory = (sink) => new MemoryListener(network, limits, sink);
    return createListener;
  });
  return {
    ...entry,
    get links() {
      return maker.links;
    },
    get latest() {
      return maker.latest;
    },
    get linkCount() {
      return maker.linkCount;
    },
    get isRefusing() {
      return maker.isRefusing;
    },
    set isRefusing(isRefusing) {
      maker.isRefusing = isRefusing;
    },
    get onLink() {
      return maker.onLink;
    },
    set onLink(onLink) {
      maker.onLink = onLink;
    },
    heal() {
      maker.heal();
    },
  };
}

/** Makes the links of an entry, and holds those that are open. */
class LinkMaker {
  latest: FaultLink | undefined;
  linkCount = 0;
  isRefusing = false;
  onLink: FaultEntry['onLink'];
  private readonly random: SeededRandom;
  private pace: Pace;
  private made: FaultLink[] = [];

  constructor({ seed = 1, onLink, chunkBytes, delayTurns }: FaultOptions) {
    this.random = new SeededRandom(seed);
    this.onLink = onLink;
    this.pace = { chunkBytes, delayTurns };
  }

  get links(): readonly FaultLink[] {
    this.made = this.made.filter((link) => link.isSeenUp('client') || link.isSeenUp('server'));
    return this.made;
  }

  heal(): void {
    this.isRefusing = false;
    this.onLink = undefined;
    this.pace = {};
    for (const link of this.links) {
      link.setPace({});
      link.spare();
      link.release();
      link.notice('client');
      link.notice('server');
    }
  }

  connect(listener: MemoryListener, clientLimits: Limits): Transport | undefined {
    if (this.isRefusing) return undefined;
    const { random, pace } = this;
    const link = new FaultLink({ clientLimits, serverLimits: listener.limits, pace, random });
    this.made = [...this.links, link];
    this.latest = link;
    this.linkCount += 1;
    listener.accept(link.transportOf('server'), (callback) => {
      link.whenClosed('server', callback);
    });
    this.onLink?.(link);
    return link.transportOf('client');
  }
}
