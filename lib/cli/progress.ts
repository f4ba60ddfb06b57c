import { now } from '../util/host.js';
import type { CliIo } from './io.js';

const EVERY_MS = 250;

/**
 * Tells on the standard error how far a stream is. Only where a person sees it, and the values go elsewhere: among them it
 * would disturb.
 */
export class Progress {
  private count = 0;
  private readonly begun = now();
  private shownAt = this.begun;
  private isShown = false;
  private readonly isWanted: boolean;

  constructor(private readonly io: Pick<CliIo, 'stdout' | 'stderr'>) {
    this.isWanted = io.stderr.isTTY === true && io.stdout.isTTY !== true;
  }

  /** Counts a value. */
  add(): void {
    this.count += 1;
    if (!this.isWanted || now() - this.shownAt < EVERY_MS) return;
    this.show('');
  }

  /** Ends the line. */
  end(): void {
    if (this.isShown) this.show('\n');
  }

  private show(end: string): void {
    this.shownAt = now();
    this.isShown = true;
    const seconds = (this.shownAt - this.begun) / 1000;
    const rate = Math.round(this.count / Math.max(seconds, 0.001));
    this.io.stderr.write(`\r\x1b[K${this.count} values, ${rate} a second${end}`);
  }
}
