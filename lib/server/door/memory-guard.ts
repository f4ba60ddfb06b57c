import { host } from '../../util/host.js';
import { startTimer, stopTimer, type Timer } from '../../util/timer.js';

/** How often the memory of the process is looked at, in milliseconds. */
const SAMPLE_MS = 1000;

/** What a server has ended because the process had too little memory left. */
export interface ShedLoad {
  /** The memory that the process took, in bytes. */
  readonly used: number;
  /** `limits.maxMemoryBytes`. */
  readonly limit: number;
  /** How many connections were ended before their login. */
  readonly strangers: number;
  /** How many sessions of idle anonymous clients were ended. */
  readonly sessions: number;
}

/** Sheds load for a guard, and is told of it. */
export interface MemoryGuardOwner {
  /** Ends the connections that have not logged in. @returns how many */
  shedStrangers(): number;
  /** Ends some sessions of idle anonymous clients. @returns how many */
  shedAnonymous(): number;
  memoryExceeded(shed: ShedLoad): void;
}

/**
 * Looks at the memory of the process once a second, and sheds load while it is over `limits.maxMemoryBytes`: strangers at
 * once, and sessions of anonymous clients from the second time in a row on. Why not those at once: what is counted has
 * garbage in it, which may be gone a second later.
 */
export class MemoryGuard {
  private timer: Timer | undefined;
  private timesOver = 0;

  /**
   * @param maxBytes how much memory the process may take; 0: it is not looked at
   * @param measure measures it
   */
  constructor(
    private readonly maxBytes: number,
    private readonly owner: MemoryGuardOwner,
    private readonly measure: () => number = usedMemoryBytes,
  ) {}

  /** Whether the process took too much when it was looked at last. */
  get isOver(): boolean {
    return this.timesOver > 0;
  }

  /** Begins to look. */
  start(): void {
    if (this.maxBytes === 0 || this.timer) return;
    this.timer = startTimer(SAMPLE_MS, () => {
      this.timer = undefined;
      this.start();
      this.look();
    });
  }

  /** Looks no more. */
  stop(): void {
    stopTimer(this.timer);
    this.timer = undefined;
    this.timesOver = 0;
  }

  private look(): void {
    const used = this.measure();
    if (used <= this.maxBytes) {
      this.timesOver = 0;
      return;
    }
    this.timesOver += 1;
    const strangers = this.owner.shedStrangers();
    const sessions = this.timesOver > 1 ? this.owner.shedAnonymous() : 0;
    this.owner.memoryExceeded({ used, limit: this.maxBytes, strangers, sessions });
  }
}

/**
 * The memory that the process takes, in bytes: the used part of its heap, and what lies outside of it for objects in it;
 * 0 where the platform does not tell.
 *
 * Why not the resident set: the allocator keeps pages that were freed, so that it would stay over its limit after the
 * load is gone, and clients would be refused for ever.
 */
export function usedMemoryBytes(): number {
  const statistics = host.process?.getBuiltinModule?.('node:v8')?.getHeapStatistics();
  return statistics ? statistics.used_heap_size + statistics.external_memory : 0;
}
