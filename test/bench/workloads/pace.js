import { tailOf } from '../statistics.js';

/** @import { BenchClient, Tail } from '../types.js' */

/** Calls at a steady pace, whether those before have been answered or not, as independent clients make them. */
export class Pace {
  /** @type {number[]} */
  times = [];
  pending = 0;
  /** @type {unknown} */
  error = undefined;

  /**
   * @param {readonly BenchClient[]} clients that take turns
   * @param {number} intervalMs
   */
  constructor(clients, intervalMs) {
    this.clients = clients;
    this.turn = 0;
    this.timer = setInterval(() => this.call(), intervalMs);
  }

  call() {
    const client = this.clients[this.turn++ % this.clients.length];
    const startedAt = performance.now();
    this.pending += 1;
    client.call(0, (error) => {
      this.pending -= 1;
      this.times.push(performance.now() - startedAt);
      if (error !== null && error !== undefined) this.error ??= error;
    });
  }

  /** @returns {Promise<Tail>} of all calls, once they have been answered */
  async stop() {
    clearInterval(this.timer);
    while (this.pending > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.error !== undefined) throw new Error('A call failed', { cause: this.error });
    return tailOf(Float64Array.from(this.times));
  }
}
