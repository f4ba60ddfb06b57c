import { isContender, loadContender } from './contenders/index.js';
import { startBroker, whatIsMissing } from './processes/broker.js';
import { Pair } from './processes/pair.js';
import { Selection } from './selection.js';

/** @import { BenchOptions, Load, Sample, Settings } from './types.js' */

/** @typedef {Awaited<ReturnType<typeof startBroker>>} Broker */

/**
 * What is done to a pair of processes in one round.
 * @typedef {object} Cell
 * @property {string} name
 * @property {readonly string[]} contenders
 * @property {number} [handlers] how many the server has; default 1
 * @property {(pair: Pair, round: number) => Promise<Record<string, number>>} measure
 */

/** A group of a quick run gets so many rounds, and more as long as there is time. */
const QUICK_MIN_ROUNDS = 3;
const QUICK_GROUP_MS = 5000;

/** Runs contenders side by side, round after round, and keeps what was measured. */
export class Runner {
  /** @type {Sample[]} */
  samples = [];
  /** @type {Record<string, string>} */
  absent = {};
  /** @type {Map<string, Broker>} */
  brokers = new Map();

  /** @param {BenchOptions} options */
  constructor(options) {
    this.startedAt = Date.now();
    this.options = options;
    this.selection = new Selection(options.only);
  }

  /**
   * A group of cells: a pair of processes for each contender (and number of handlers), for all rounds. Each
   * round goes through the cells, and in each cell through the contenders, which change places.
   * @param {string} group
   * @param {readonly Cell[]} cells
   * @param {{ areOnOneCore?: boolean }} [placing]
   */
  async runCells(group, cells, placing) {
    /** @type {Map<string, Pair>} */
    const pairs = new Map();
    const wanted = [];
    for (const cell of cells) {
      const contenders = await this.present(group, cell);
      if (contenders.length > 0) wanted.push({ ...cell, contenders });
    }
    if (wanted.length === 0) return;
    this.say(`${group}: ${wanted.map(({ name }) => name).join(', ')}`);
    try {
      await this.startAll(pairs, wanted, placing);
      const startedAt = Date.now();
      for (let round = 0; round < this.options.rounds; round++) {
        if (this.isLate(round, startedAt)) break;
        for (const cell of wanted) {
          for (const contender of rotate(cell.contenders, round)) {
            const pair = pairOf(pairs, contender, cell);
            this.record({
              group,
              cell: cell.name,
              contender,
              round,
              values: await cell.measure(pair, round),
            });
          }
        }
      }
    } finally {
      await Promise.all([...pairs.values()].map((pair) => pair.end()));
    }
  }

  /**
   * Whether a quick run has to go on with the next group, on a machine that is slow or busy.
   * @param {number} roundsDone
   * @param {number} startedAt
   */
  isLate(roundsDone, startedAt, minRounds = QUICK_MIN_ROUNDS) {
    return this.options.isQuick && roundsDone >= minRounds && Date.now() - startedAt > QUICK_GROUP_MS;
  }

  /**
   * A cell that is a load of calls or events.
   * @param {Omit<Cell, 'measure'>} cell
   * @param {Load} load
   * @returns {Cell}
   */
  loadCell(cell, load) {
    const { durationMs, warmupMs } = this.options;
    return {
      ...cell,
      measure: (pair, round) =>
        pair.measure({ ...load, durationMs, warmupMs: round === 0 ? warmupMs * 4 : warmupMs }),
    };
  }

  /** @param {Sample} sample */
  record(sample) {
    this.samples.push(sample);
  }

  /**
   * Tells how far the run is.
   * @param {string} text
   */
  say(text) {
    const seconds = ((Date.now() - this.startedAt) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${text}\n`);
  }

  /**
   * A contender's settings.
   * @param {string} contender
   * @param {number} handlers
   * @returns {Promise<Settings>}
   */
  async settingsOf(contender, handlers) {
    const { broker } = await loadContender(contender);
    const { resume } = this.options;
    if (!broker) return { handlers, resume };
    let running = this.brokers.get(contender);
    if (!running) {
      running = await startBroker(broker);
      this.brokers.set(contender, running);
    }
    return { handlers, resume, brokerPort: running.port };
  }

  async end() {
    await Promise.all([...this.brokers.values()].map((broker) => broker.end()));
  }

  /**
   * The contenders of a cell that were asked for and can run here.
   * @param {string} group
   * @param {{ name: string, contenders: readonly string[] }} cell
   */
  async present(group, { name, contenders }) {
    const present = [];
    const { isQuick } = this.options;
    for (const contender of contenders) {
      if (!this.selection.wants(group, name, contender)) continue;
      // There is time for what the table compares.
      if (isQuick && !this.selection.isInTable(name, contender)) continue;
      const broker = isContender(contender) ? (await loadContender(contender)).broker : undefined;
      const missing = broker && whatIsMissing(broker);
      if (missing === undefined) present.push(contender);
      else this.absent[contender] = missing;
    }
    return present;
  }

  /**
   * @param {Map<string, Pair>} pairs
   * @param {readonly Cell[]} cells
   * @param {{ areOnOneCore?: boolean } | undefined} placing
   */
  async startAll(pairs, cells, placing) {
    for (const cell of cells) {
      for (const contender of cell.contenders) {
        const key = keyOf(contender, cell);
        if (pairs.has(key)) continue;
        pairs.set(key, new Pair(contender, await this.settingsOf(contender, cell.handlers ?? 1), placing));
      }
    }
    await Promise.all([...pairs.values()].map((pair) => pair.start()));
  }
}

/**
 * @param {string} contender
 * @param {Pick<Cell, 'handlers'>} cell
 */
function keyOf(contender, { handlers = 1 }) {
  return `${contender} ${handlers}`;
}

/**
 * @param {ReadonlyMap<string, Pair>} pairs
 * @param {string} contender
 * @param {Cell} cell
 */
function pairOf(pairs, contender, cell) {
  const pair = pairs.get(keyOf(contender, cell));
  if (!pair) throw new Error(`${contender} was not started`);
  return pair;
}

/**
 * @template Item
 * @param {readonly Item[]} items
 * @param {number} by
 */
export function rotate(items, by) {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
