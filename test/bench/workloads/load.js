import { isDeepStrictEqual } from 'node:util';
import { tailOf } from '../statistics.js';
import { payloadOf } from './payloads.js';

/** @import { BenchClient, Load, Tail } from '../types.js' */

/** Events between two calls that tell how far the server is. */
const EVENTS_A_BATCH = 256;
const MAX_ERRORS = 100;
/** Of a measurement, the times of so many calls are kept; of those that follow, none. */
const MAX_TIMES = 1_000_000;

/** One for the process: it is large, and there is one load at a time. */
let times = new Float64Array(0);

/** Keeps a number of calls (or batches of events) under way on a number of connections until it is stopped. */
export class LoadRun {
  count = 0;
  errors = 0;
  /** @type {unknown} */
  firstError = undefined;
  isRunning = true;
  pending = 0;
  /** @type {() => void} */
  onIdle = () => undefined;

  /**
   * @param {readonly BenchClient[]} clients
   * @param {Load} load
   */
  constructor(clients, load) {
    this.clients = clients;
    this.load = load;
    this.payload = payloadOf(load.payload);
    this.turn = 0;
    this.timed = 0;
    if (times.length === 0) times = new Float64Array(MAX_TIMES);
  }

  /** Forgets how long the calls so far have taken. */
  forgetTimes() {
    this.timed = 0;
  }

  /**
   * How long calls have taken, from the call to its callback, since that was forgotten.
   * @returns {Partial<Tail>} nothing where there were none, as of events
   */
  tail() {
    return this.timed === 0 ? {} : tailOf(times.subarray(0, this.timed));
  }

  start() {
    const startSlot = this.load.kind === 'calls' ? this.startCalls : this.startEvents;
    for (let slot = 0; slot < this.load.inFlight; slot++) startSlot.call(this, slot);
  }

  /** Resolves when nothing is under way. */
  async stop() {
    this.isRunning = false;
    if (this.pending > 0) {
      await new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        this.onIdle = resolve;
      });
    }
    if (this.errors > 0)
      throw new Error(`${this.errors} calls failed, the first with: ${String(this.firstError)}`);
  }

  /**
   * A slot stays with its connection, unless there are more connections than slots: then all take turns.
   * @param {number} slot
   */
  startCalls(slot) {
    const { clients, payload } = this;
    const isMoving = clients.length > this.load.inFlight;
    let client = clients[slot % clients.length];
    let startedAt = performance.now();
    const next = () => {
      this.pending += 1;
      if (isMoving) client = this.nextClient();
      client.call(payload, done);
    };
    /** @param {unknown} error */
    const done = (error) => {
      const now = performance.now();
      if (this.timed < MAX_TIMES) times[this.timed++] = now - startedAt;
      startedAt = now;
      if (this.ended(error)) next();
    };
    next();
  }

  /** @param {number} slot */
  startEvents(slot) {
    const { clients, payload } = this;
    const client = clients[slot % clients.length];
    const next = () => {
      this.pending += 1;
      for (let n = 0; n < EVENTS_A_BATCH; n++) client.event(payload);
      client.call(0, done);
    };
    /** @param {unknown} error */
    const done = (error) => {
      this.count += EVENTS_A_BATCH - 1;
      if (this.ended(error)) next();
    };
    next();
  }

  nextClient() {
    this.turn = (this.turn + 1) % this.clients.length;
    return this.clients[this.turn];
  }

  /**
   * Counts an answer; answers whether to go on.
   * @param {unknown} error
   */
  ended(error) {
    this.pending -= 1;
    this.count += 1;
    if (error !== null && error !== undefined) {
      this.errors += 1;
      this.firstError ??= error;
      if (this.errors >= MAX_ERRORS) this.isRunning = false;
    }
    if (this.isRunning) return true;
    if (this.pending === 0) this.onIdle();
    return false;
  }
}

/**
 * Makes one call and compares its result: a contender that does less than asked must not win.
 * @param {BenchClient} client
 * @param {unknown} payload
 */
export async function checkEcho(client, payload) {
  const result = await callOnce(client, payload);
  // Nest's TCP brings bytes as the JSON of a Buffer; what an application does to get bytes of it is not measured.
  const isJson = Buffer.isBuffer(payload) && isDeepStrictEqual(result, payload.toJSON());
  if (!isJson && !isDeepStrictEqual(result, payload))
    throw new Error(`An echo came back as ${JSON.stringify(result).slice(0, 80)}`);
}

/**
 * @param {BenchClient} client
 * @param {unknown} payload
 */
function callOnce(client, payload) {
  return new Promise((resolve, reject) => {
    client.call(payload, (error, result) => {
      if (error !== null && error !== undefined) reject(error);
      else resolve(result);
    });
  });
}
