import type { SeededRandom } from '../../lib/testing/seeded-random.js';

/**
 * What a target is given: pieces of bytes, such as the writes of a conversation. Each character of a piece stands for one
 * byte, so that a piece of ASCII reads as it is.
 */
export type Input = readonly string[];

/** What is fuzzed. */
export interface Target {
  readonly name: string;
  /** Makes an input that is mostly well-formed. */
  generate(random: SeededRandom): Input;
  /** Changes an input a little. */
  mutate(input: Input, random: SeededRandom, other: Input): Input;
  /** How many messages an input counts as. */
  count(input: Input): number;
  /**
   * Runs an input.
   * @returns what came of it, in a few words: an input with new words is worth keeping
   * @throws {Finding} for what must not happen
   */
  run(input: Input): string | Promise<string>;
  /** Checks what shows only after many inputs, such as memory; called now and then. */
  rest?(): Promise<void>;
  /** Ends what {@link run} has opened. */
  close?(): Promise<void>;
}

/** Something that must not happen, whatever the input. */
export class Finding extends Error {
  override get name(): string {
    return 'Finding';
  }
}

export function bytesOf(piece: string): Buffer {
  return Buffer.from(piece, 'latin1');
}

export function pieceOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}
