import { Store } from '../model/store.js';
import { describeError, type ShownError } from '../model/errors.js';
import { StreamFeed } from './stream-feed.js';
import type { ExplorerClient } from './tapped-client.js';

/** A value that a call has brought. */
export interface CallValue {
  /** Counts from 1. */
  readonly number: number;
  /** Milliseconds since the call. */
  readonly afterMs: number;
  readonly value: unknown;
}

/** How far a call has come. */
export interface RunView {
  readonly state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  /** The last values, the oldest one first. */
  readonly values: readonly CallValue[];
  /** How many have come. */
  readonly count: number;
  readonly error: ShownError | undefined;
  /** Milliseconds until its end, or up to its last value. */
  readonly durationMs: number;
}

/** What is called. */
export interface CallTarget {
  readonly interfaceName: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** The positions of arguments that stream. */
  readonly streams: readonly number[];
  readonly timeoutMs: number;
}

/** What a run needs of its host. */
export interface RunHost {
  now(): number;
  /** Resolves when the page has shown what has come so far. */
  shown(): Promise<void>;
}

/** How many values are kept; of more, the last ones. */
export const MAX_VALUES = 500;
/** After so many values the page is given time to show them. Nothing more is read meanwhile, and so nothing more sent. */
const VALUES_A_FRAME = 50;

let lastNumber = 0;

/** A call under way, or one that has ended. Its values are read one by one: the server sends no more than is read. */
export class CallRun {
  readonly view = new Store<RunView>({
    state: 'running',
    values: [],
    count: 0,
    error: undefined,
    durationMs: 0,
  });
  /** Counts the runs of this page. */
  readonly number = ++lastNumber;
  /** The arguments that stream, by their position. */
  readonly feeds: ReadonlyMap<number, StreamFeed>;
  /** Resolves when it has ended. Never rejects. */
  readonly ended: Promise<void>;
  private readonly startedAt: number;
  private readonly stream: ReturnType<ExplorerClient['streamWith']>;
  /** Values that may be read while it is paused. */
  private steps = 0;
  private wake: (() => void) | undefined;

  constructor(
    client: ExplorerClient,
    readonly target: CallTarget,
    private readonly host: RunHost,
  ) {
    this.feeds = new Map(target.streams.map((index) => [index, new StreamFeed()]));
    const args = Array.from({
      length: Math.max(target.args.length, ...target.streams.map((index) => index + 1)),
    });
    for (const index of args.keys()) args[index] = this.feeds.get(index) ?? target.args[index];
    this.startedAt = host.now();
    const { interfaceName, name, timeoutMs } = target;
    this.stream = client.streamWith(interfaceName, name, args, timeoutMs > 0 ? { timeout: timeoutMs } : {});
    this.ended = this.read();
  }

  /** Whether it is under way. */
  get isOpen(): boolean {
    const { state } = this.view.value;
    return state === 'running' || state === 'paused';
  }

  /** Reads nothing more for now. */
  pause(): void {
    if (this.view.value.state === 'running') this.change({ state: 'paused' });
  }

  /** Reads on. */
  resume(): void {
    if (this.view.value.state !== 'paused') return;
    this.steps = 0;
    this.change({ state: 'running' });
    this.wake?.();
  }

  /** Reads one more value, and pauses again. */
  step(): void {
    if (this.view.value.state !== 'paused') return;
    this.steps++;
    this.wake?.();
  }

  /** Tells the server that nobody waits for it any more. */
  cancel(): void {
    if (!this.isOpen) return;
    this.finish({ state: 'cancelled' });
    void this.stream.return();
    this.wake?.();
  }

  private async read(): Promise<void> {
    try {
      for (;;) {
        await this.untilWanted();
        const step = this.isOpen ? await this.stream.next() : undefined;
        if (!step || !this.isOpen) return;
        if (step.done) {
          this.finish({ state: 'done' });
          return;
        }
        this.add(step.value);
        if (this.view.value.count % VALUES_A_FRAME === 0) await this.host.shown();
      }
    } catch (error) {
      if (this.isOpen) this.finish({ state: 'failed', error: describeError(error) });
    }
  }

  private async untilWanted(): Promise<void> {
    while (this.view.value.state === 'paused' && this.steps === 0)
      await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.steps > 0) this.steps--;
  }

  private add(value: unknown): void {
    const { values, count } = this.view.value;
    const afterMs = this.host.now() - this.startedAt;
    const added = { number: count + 1, afterMs, value };
    this.change({ values: [...values, added].slice(-MAX_VALUES), count: count + 1, durationMs: afterMs });
  }

  private finish(part: Partial<RunView>): void {
    this.change({ ...part, durationMs: this.host.now() - this.startedAt });
    for (const feed of this.feeds.values()) void feed.return();
  }

  private change(part: Partial<RunView>): void {
    this.view.update((view) => ({ ...view, ...part }));
  }
}
