import { ignore } from '../util/callback.js';
import { now } from '../util/host.js';
import { networkOf } from '../util/network-of.js';
import { Intake, type IntakeMeter, type IntakeOwner } from './intake.js';

/** What part of the limit may be left when it was exceeded. Why less than all: the next message exceeds it no more. */
const LEFT_PART = 7 / 8;

/** The connections of one address. */
interface Place {
  /** The sum of {@link burdenOf} all. */
  burden: number;
  /** The heaviest last. */
  readonly intakes: Intake[];
}

/**
 * Counts what all connections of a server have received and not served: messages that have not arrived whole, and those
 * that wait.
 */
export class ReceiveMeter implements IntakeMeter {
  /** How many bytes that is. */
  bytes = 0;
  private readonly intakes = new Set<Intake>();
  private isShedding = false;

  /**
   * @param maxBytes how many there may be. Over that, clients are given up that have held the most for the longest
   * @param onHeld called when clients are given up
   */
  constructor(
    readonly maxBytes: number,
    private readonly onHeld: () => void = ignore,
  ) {}

  /** Makes the intake of a wire. */
  intakeOf(owner: IntakeOwner): Intake {
    return new Intake(owner, this);
  }

  count(intake: Intake, before: number): void {
    const { bytes } = intake;
    this.bytes += bytes - before;
    if (bytes === 0) this.intakes.delete(intake);
    else if (before === 0) this.intakes.add(intake);
    if (this.bytes > this.maxBytes && !this.isShedding) this.shed();
  }

  /** Why by address first: one that has many connections must not be spared because each of them holds little. */
  private shed(): void {
    this.isShedding = true;
    this.onHeld();
    const time = now();
    const places = placesOf(this.intakes, time);
    while (this.bytes > this.maxBytes * LEFT_PART) {
      let worst: Place | undefined;
      for (const place of places) if (place.burden > (worst?.burden ?? 0)) worst = place;
      const intake = worst?.intakes.pop();
      if (!worst || !intake) break;
      worst.burden -= burdenOf(intake, time);
      intake.giveUp();
    }
    this.isShedding = false;
  }
}

function placesOf(intakes: Iterable<Intake>, time: number): readonly Place[] {
  const places = new Map<unknown, Place>();
  for (const intake of intakes) {
    const key = intake.address === undefined ? intake : networkOf(intake.address);
    const place = places.get(key) ?? { burden: 0, intakes: [] };
    places.set(key, place);
    place.burden += burdenOf(intake, time);
    place.intakes.push(intake);
  }
  for (const { intakes } of places.values())
    intakes.sort((one, other) => burdenOf(one, time) - burdenOf(other, time));
  return [...places.values()];
}

/** How much an intake holds, and for how long. Why both: a newcomer's message is soon served, however large it is. */
function burdenOf({ bytes, since }: Intake, time: number): number {
  return bytes * (1 + time - since);
}
