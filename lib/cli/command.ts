import type { OptionSpecs, OptionValues } from './options.js';
import type { CliIo } from './io.js';
import type { Output } from './output.js';

/** One call of a command, after its options were read. */
export interface Invocation {
  readonly positionals: readonly string[];
  readonly values: OptionValues;
  readonly io: CliIo;
  readonly output: Output;
  /** Fires at a signal, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

/** An example of a command's help. */
export interface Example {
  readonly text: string;
  /** What stands behind the program's name. */
  readonly line: string;
}

/** A command of the program. */
export interface Command {
  /** Its arguments, for people: `ADDRESS INTERFACE.METHOD [VALUE...]`. */
  readonly usage: string;
  /** What it does, in paragraphs. */
  readonly details: readonly string[];
  readonly options: OptionSpecs;
  readonly examples: readonly Example[];
  /** The fewest and the most arguments. */
  readonly positionals: readonly [fewest: number, most: number];
  /** What its arguments may be, where they are certain words alone: for completion. @default files are completed */
  readonly words?: readonly string[];
  /** Whether a signal is the way in which it ends well. @default false: the exit code tells the signal */
  readonly endsBySignal?: boolean;
  run(invocation: Invocation): Promise<void>;
}

/** A command before it is loaded. */
export interface CommandEntry {
  /** What it does, in a line. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}
