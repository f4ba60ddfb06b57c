import type { Kit } from './kit.js';

/** One kind of attack. */
export interface Attacker {
  readonly name: string;
  /** What it sends, and what bounds that. Told in the report. */
  readonly load: string;
  /** Begins the attack, which goes on until the kit is stopped. */
  attack(kit: Kit): void;
  /**
   * The longest time of one answer to the good client that passes, in milliseconds, in the place of the bound of the 99th
   * percentile; for attacks whose one message takes the server longer than that.
   */
  readonly maxAnswerMs?: number;
}
