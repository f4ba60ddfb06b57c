import type { FaultLink } from '../../lib/testing/index.js';
import { DIRECTIONS, type Side } from '../../lib/testing/faults.js';
import type { SoakWorld } from './soak-world.js';

/** Something that a fault does later, after so many operations more. */
interface Later {
  after: number;
  readonly run: () => void;
}

type Fault = (faults: SoakFaults, link: FaultLink) => void;

/** The faults by name; the more often one is listed in the weights, the more often it happens. */
const FAULTS: Readonly<Record<string, readonly [weight: number, fault: Fault]>> = {
  cut: [4, (faults, link) => faults.cut(link)],
  cutAfter: [
    6,
    ({ world }, link) => {
      const { random } = world;
      link.cutAfter(random.between(0, random.pick([10, 100, 1000])), random.pick(DIRECTIONS));
    },
  ],
  cutThenDoomed: [
    4,
    (faults, link) => {
      faults.world.doomed = faults.world.random.between(1, 4);
      faults.cut(link);
    },
  ],
  stall: [
    4,
    (faults, link) => {
      const direction = faults.world.random.pick(DIRECTIONS);
      link.stall(direction);
      faults.later(() => link.release(direction));
    },
  ],
  stallThenCut: [
    4,
    (faults, link) => {
      link.stall(faults.world.random.pick(DIRECTIONS));
      faults.later(() => faults.cut(link));
    },
  ],
  serverUnaware: [3, (faults, link) => faults.cutUnseen(link, 'server')],
  clientUnaware: [3, (faults, link) => faults.cutUnseen(link, 'client')],
  nobodyAware: [2, (faults, link) => faults.cutUnseen(link, 'both')],
  move: [2, ({ world }) => world.reconnect()],
  duplicate: [
    3,
    ({ world }, link) => link.duplicate(world.random.pick(DIRECTIONS), world.random.between(1, 3)),
  ],
  refuse: [
    1,
    (faults, link) => {
      faults.world.entry.isRefusing = true;
      faults.later(() => (faults.world.entry.isRefusing = false), 3);
      faults.cut(link);
    },
  ],
};

const NAMES = Object.entries(FAULTS).flatMap(([name, [weight]]) =>
  Array.from({ length: weight }, () => name),
);

/** Lets faults happen to the present link of a world. */
export class SoakFaults {
  private readonly pending: Later[] = [];

  constructor(readonly world: SoakWorld) {}

  /** As {@link cut}, but a side, or both, are told later, or never. */
  cutUnseen(link: FaultLink, unaware: Side | 'both'): void {
    const { world } = this;
    link.halfOpen(unaware);
    if (unaware !== 'client' && world.random.happens(0.5)) this.later(() => link.notice('server'));
    if (unaware === 'server') return;
    const isTold = world.random.happens(0.5);
    this.later(() => {
      if (isTold) link.notice('client');
      // Somebody finds out without being told, by a heartbeat or by looking.
      else if (link.isSeenUp('client')) world.reconnect();
    });
  }

  /** One fault, by chance; answers with its name, undefined where none is possible now. */
  strike(): string | undefined {
    const { entry, mayBreak, random } = this.world;
    const { latest } = entry;
    const name = random.pick(NAMES);
    if (!latest?.isUp || !mayBreak) return undefined;
    FAULTS[name][1](this, latest);
    return name;
  }

  /** One operation is over: what was put off for long enough happens. */
  tick(): void {
    for (const later of this.pending) later.after -= 1;
    const due = this.pending.filter(({ after }) => after <= 0);
    for (const later of due) {
      this.pending.splice(this.pending.indexOf(later), 1);
      later.run();
    }
  }

  /** Breaks a link, if it is time for that. */
  cut(link: FaultLink): void {
    if (!this.world.mayBreak) {
      link.release();
      return;
    }
    link.cut();
  }

  /** Puts something off. */
  later(run: () => void, maxOperations = 12): void {
    this.pending.push({ after: this.world.random.between(1, maxOperations), run });
  }
}
