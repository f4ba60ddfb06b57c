import { pickAmount, type Amount } from './faults.js';
import type { SeededRandom } from './seeded-random.js';

/** How bytes travel. */
export interface Pace {
  /**
   * Bytes of each piece that arrives: 1 for single bytes, `[1, 64]` for pieces of random sizes.
   * @default all that is on its way
   */
  readonly chunkBytes?: Amount | undefined;
  /** How many turns of the microtask queue each piece comes later. @default 0 */
  readonly delayTurns?: Amount | undefined;
}

/** Who gets what a lane carries. */
interface LaneEnd {
  /** Bytes have arrived. */
  arrived(bytes: Uint8Array): void;
  /** The sender has ended, and all of its bytes have arrived. */
  finished(): void;
  /** So many bytes have arrived as the line was to last. */
  exhausted(): void;
}

/** One way of a link in memory: bytes on their way, in order. They move by microtasks, so that no time has to go by. */
export class FaultLane {
  /** How many bytes have arrived. */
  arrivedBytes = 0;
  /** How the bytes travel from now on. */
  pace: Pace;
  private pieces: Uint8Array[] = [];
  private isScheduled = false;
  private isStalled = false;
  private isPaused = false;
  private isFinishing = false;
  private isDead = false;
  private bytesLeft = Infinity;

  constructor(
    pace: Pace,
    private readonly random: SeededRandom,
    private readonly end: LaneEnd,
  ) {
    this.pace = pace;
  }

  /** How many bytes are on their way. */
  get waitingBytes(): number {
    return this.pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Takes bytes of the sender. */
  send(bytes: Uint8Array): void {
    if (this.isDead || this.isFinishing) return;
    this.pieces.push(bytes);
    this.schedule();
  }

  /** The sender sends no more: the receiver sees it after the bytes on their way. */
  finish(): void {
    this.isFinishing = true;
    this.schedule();
  }

  /** Nothing arrives any more. */
  kill(): void {
    this.isDead = true;
    this.pieces = [];
  }

  /** Holds the bytes, or lets them go. */
  stall(isStalled: boolean): void {
    this.isStalled = isStalled;
    this.schedule();
  }

  /** The receiver stops reading, or reads on. */
  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.schedule();
  }

  /** The line lasts for so many bytes more. */
  limit(bytes: number): void {
    this.bytesLeft = bytes;
    if (bytes <= 0) this.end.exhausted();
  }

  private get isMoving(): boolean {
    return !this.isDead && !this.isStalled && !this.isPaused && (this.pieces.length > 0 || this.isFinishing);
  }

  private schedule(): void {
    if (this.isScheduled || !this.isMoving) return;
    this.isScheduled = true;
    afterTurns(pickAmount(this.pace.delayTurns, this.random, 0), () => {
      this.isScheduled = false;
      this.move();
      this.schedule();
    });
  }

  /** One piece arrives, and the end after the last one. */
  private move(): void {
    let room = Math.max(1, pickAmount(this.pace.chunkBytes, this.random, Infinity));
    while (room > 0 && this.isMoving && this.pieces.length > 0) {
      const piece = this.take(Math.min(room, this.bytesLeft));
      room -= piece.length;
      this.arrivedBytes += piece.length;
      this.bytesLeft -= piece.length;
      this.end.arrived(piece);
      if (this.bytesLeft <= 0 && !this.isDead) this.end.exhausted();
    }
    if (this.isMoving && this.pieces.length === 0) {
      this.isDead = true;
      this.end.finished();
    }
  }

  private take(bytes: number): Uint8Array {
    const [first] = this.pieces;
    if (first.length <= bytes) this.pieces.shift();
    else this.pieces[0] = first.subarray(bytes);
    return first.subarray(0, bytes);
  }
}

/** By promises, and no `queueMicrotask`, which fake timers replace. */
function afterTurns(turns: number, run: () => void): void {
  void Promise.resolve().then(() => {
    if (turns > 0) afterTurns(turns - 1, run);
    else run();
  });
}
