import { pickAmount, type Amount } from './faults.js';
import type { SeededRandom } from './seeded-random.js';

/** How bytes travel. */
export interface Pace {
  /**
   * How many bytes arrive at once: 1 for single bytes, `[1, 64]` for pieces of random sizes.
   * @default all bytes of a message
   */
  readonly chunkBytes?: Amount | undefined;
  /** How many turns of the microtask queue each piece is delayed. @default 0 */
  readonly delayTurns?: Amount | undefined;
}

/** Receives what a lane carries. */
interface LaneEnd {
  /** Bytes have arrived. */
  arrived(bytes: Uint8Array): void;
  /** No bytes are on their way any more. */
  drained(): void;
  /** The sender has ended, and all of its bytes have arrived. */
  finished(): void;
  /** As many bytes have arrived as {@link FaultLane.limit} allows. */
  limitReached(): void;
}

/** Carries the bytes of one direction of a link in memory, in order. Why by microtasks: tests need not wait. */
export class FaultLane {
  /** How many bytes have arrived. */
  arrivedBytes = 0;
  /** How bytes travel from now on. */
  pace: Pace;
  /** How many bytes are on their way. */
  waitingBytes = 0;
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

  /** Sends bytes. */
  send(bytes: Uint8Array): void {
    if (this.isDead || this.isFinishing) return;
    this.pieces.push(bytes);
    this.waitingBytes += bytes.length;
    this.schedule();
  }

  /** Ends the lane, after the bytes that are on their way. */
  finish(): void {
    this.isFinishing = true;
    this.schedule();
  }

  /** Drops the bytes that are on their way, and all later ones. */
  kill(): void {
    this.isDead = true;
    this.pieces = [];
    this.waitingBytes = 0;
  }

  /** Holds the bytes that are on their way, or lets them go, as a network does. */
  stall(isStalled: boolean): void {
    this.isStalled = isStalled;
    this.schedule();
  }

  /** Holds the bytes that are on their way, or lets them go, as the receiver does that stops reading. */
  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.schedule();
  }

  /** Lets this number of bytes arrive, and then calls `limitReached`. */
  limit(bytes: number): void {
    this.bytesLeft = bytes;
    if (bytes <= 0) this.end.limitReached();
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

  /** Delivers one piece; after the last one the end. */
  private move(): void {
    let room = Math.max(1, pickAmount(this.pace.chunkBytes, this.random, Infinity));
    while (room > 0 && this.isMoving && this.pieces.length > 0) {
      const piece = this.nextPiece(Math.min(room, this.bytesLeft));
      room -= piece.length;
      this.arrivedBytes += piece.length;
      this.bytesLeft -= piece.length;
      this.waitingBytes -= piece.length;
      this.end.arrived(piece);
      if (this.bytesLeft <= 0 && !this.isDead) this.end.limitReached();
    }
    if (this.pieces.length === 0 && !this.isDead) this.end.drained();
    if (this.isMoving && this.pieces.length === 0) {
      this.isDead = true;
      this.end.finished();
    }
  }

  private nextPiece(bytes: number): Uint8Array {
    const [first] = this.pieces;
    if (first.length <= bytes) this.pieces.shift();
    else this.pieces[0] = first.subarray(bytes);
    return first.subarray(0, bytes);
  }
}

/** Runs a function after turns of the microtask queue. Why not `queueMicrotask`: fake timers replace it. */
function afterTurns(turns: number, run: () => void): void {
  void Promise.resolve().then(() => {
    if (turns > 0) afterTurns(turns - 1, run);
    else run();
  });
}
