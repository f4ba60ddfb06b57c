import { PassThrough, Writable } from 'node:stream';
import type { CliIo, EndSignal } from '../../lib/cli/io.js';
import { run } from '../../lib/cli/run.js';
import { waitFor, within } from '../support/wait-for.js';

/** Collects what is written. */
export class Collected extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;

  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string | Uint8Array, _encoding: string, done: () => void): void {
    this.text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
    done();
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '');
  }
}

/** How the process is that a command believes to run in. */
export interface FakeOptions {
  readonly env?: Record<string, string>;
  /** What comes by the standard input; null: it stays open. @default nothing */
  readonly input?: string | null;
  /** Which streams are terminals. @default none */
  readonly terminals?: readonly ('stdin' | 'stdout' | 'stderr')[];
}

/** A process for `run`, without one. */
export class FakeIo implements CliIo {
  readonly stdin: PassThrough & { isTTY: boolean; isRaw: boolean; setRawMode(isRaw: boolean): void };
  readonly stdout: Collected;
  readonly stderr: Collected;
  readonly env: Record<string, string>;
  private readonly listeners = new Set<(signal: EndSignal) => void>();

  constructor({ env = {}, input = '', terminals = [] }: FakeOptions = {}) {
    this.env = env;
    this.stdout = new Collected(terminals.includes('stdout'));
    this.stderr = new Collected(terminals.includes('stderr'));
    this.stdin = Object.assign(new PassThrough(), {
      isTTY: terminals.includes('stdin'),
      isRaw: false,
      setRawMode(isRaw: boolean) {
        this.isRaw = isRaw;
      },
    });
    if (input !== null) this.stdin.end(input);
  }

  onSignal(listener: (signal: EndSignal) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  signal(name: EndSignal): void {
    for (const listener of this.listeners) listener(name);
  }
}

/** How a command has ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly lines: string[];
}

/** Runs a command line to its end. */
export async function cli(argv: readonly string[], options?: FakeOptions): Promise<Outcome> {
  return ended(new FakeIo(options), argv);
}

/** Runs a command line in such a process, to its end. */
async function ended(io: FakeIo, argv: readonly string[]): Promise<Outcome> {
  const code = await within(run(argv, io), `the end of ${argv[0]}`);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text, lines: io.stdout.lines };
}

/** Starts a command that does not end by itself. */
export function started(argv: readonly string[], options: FakeOptions = {}): Running {
  const io = new FakeIo({ input: null, ...options });
  return {
    io,
    outcome: ended(io, argv),
    prints: (text) => waitFor(() => io.stdout.text.includes(text), text),
  };
}

/** A command that runs. */
export interface Running {
  readonly io: FakeIo;
  readonly outcome: Promise<Outcome>;
  /** Resolves when it has printed something. */
  prints(text: string): Promise<void>;
}
