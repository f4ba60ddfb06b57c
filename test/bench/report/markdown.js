import { labelOf } from '../contenders/index.js';
import { earlyAndLate } from '../statistics.js';
import { ratioText, thousands } from '../table.js';
import { medianOf } from './medians.js';

/** @import { Machine, Results, Row } from '../types.js' */

const CELLS = /** @type {const} */ ([
  ['calls-64', '64 in flight'],
  ['calls-256', '256 in flight'],
  ['calls-50-connections', '50 connections'],
]);
const TAIL_CELLS = CELLS.slice(0, 2);
const TAIL_VALUES = /** @type {const} */ ([
  ['p50Us', 'p50'],
  ['p99Us', 'p99'],
  ['p999Us', 'p99.9'],
]);
const CONTENDERS = ['nest', 'nest-tcp', 'nest-nats', 'nest-redis', 'core', 'reference', 'floor'];
const COUNTS = [1, 10, 100, 1000, 10_000];
const MIB = 1024 * 1024;

/**
 * The part of docs/performance.md that is measured.
 * @param {readonly Results[]} runs the first is the one that everything is taken from; others add what they have:
 *   the ratios without `resume`, the long run
 * @param {string} picture its path, from the page
 */
export function markdownOf(runs, picture) {
  const [main] = runs;
  return [
    `![Calls per second, this package beside others](${picture})`,
    circumstances(main),
    ...runs.filter(({ options }) => options.resume === main.options.resume).flatMap(tablesOfNode),
    ...runs.flatMap(soakText),
    `<details><summary>Everything that is compared, with the spread of the rounds</summary>`,
    ratiosTable(runs),
    `</details>`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/**
 * What contenders did, by one Node.
 * @param {Results} results
 */
function tablesOfNode(results) {
  return [callsTable(results), tailTable(results), scaleText(results)];
}

/** @param {Results} results */
function callsTable(results) {
  const head = [
    `Node ${results.machine.node}: calls/s`,
    ...CELLS.map(([, title]) => title),
    'CPU a call, 64 in flight',
    'alone, p50',
  ];
  const lines = CONTENDERS.flatMap((contender) => {
    const rates = CELLS.map(([cell]) => medianOf(results, cell, contender, 'perSecond'));
    if (!rates.some(Boolean)) return [];
    const cpu = medianOf(results, 'calls-64', contender, 'cpuUs');
    const latency = medianOf(results, 'one-at-a-time', contender, 'p50Us');
    const texts = rates.map((rate) => (rate ? thousands(rate.median) : ''));
    return [[labelOf(contender), ...texts, microseconds(cpu?.median), microseconds(latency?.median)]];
  });
  return tableOf([head, ...lines]);
}

/**
 * How long calls take under load: half of them, and the slowest.
 * @param {Results} results
 */
function tailTable(results) {
  const head = [
    `Node ${results.machine.node}: time of a call`,
    ...TAIL_CELLS.flatMap(([, title]) => TAIL_VALUES.map(([, name]) => `${title}, ${name}`)),
  ];
  const lines = CONTENDERS.flatMap((contender) => {
    const medians = TAIL_CELLS.flatMap(([cell]) =>
      TAIL_VALUES.map(([value]) => medianOf(results, cell, contender, value)),
    );
    if (!medians.some(Boolean)) return [];
    return [[labelOf(contender), ...medians.map((summary) => milliseconds(summary?.median))]];
  });
  return lines.length > 0 ? tableOf([head, ...lines]) : '';
}

/** @param {Results} results */
function circumstances({ machine, date, options, version, absent }) {
  const missing = Object.entries(absent).map(([name, why]) => `${labelOf(name)} was not measured: ${why}.`);
  return [
    `Version ${version}, ${date.slice(0, 10)}: ${machineText(machine)}. Node: as each table says.`,
    `Client and server in a process each${machine.isPinned ? ', on a core each' : ''}; contenders in turn, medians of ${options.rounds} rounds or more.`,
    'CPU is that of both processes; "alone" is one call after the other, both processes on one core.',
    ...missing,
  ].join(' ');
}

/**
 * What becomes of calls a second with more connections and more handlers.
 * @param {Results} results
 */
function scaleText(results) {
  const lines = [
    ['over connections', ...scaleOf(results, 'connections')],
    ['to handlers', ...scaleOf(results, 'handlers')],
  ].filter((line) => line.slice(1).some(Boolean));
  if (lines.length === 0) return '';
  const head = [
    `Node ${results.machine.node}: calls/s through Nest, 256 in flight`,
    ...COUNTS.map(thousands),
  ];
  const delay = medianOf(results, 'connections-10000', 'nest', 'serverLoopDelayP99Ms');
  const delayText = delay
    ? `\n\nThe server's event loop is late by ${delay.median.toFixed(1)} ms at most in 99 % of its turns under full load over 10,000 connections.`
    : '';
  return tableOf([head, ...lines]) + delayText;
}

/**
 * @param {Results} results
 * @param {'connections' | 'handlers'} group
 */
function scaleOf(results, group) {
  return COUNTS.map((count) => {
    // One handler is what the cells of connections have.
    const cell = group === 'handlers' && count === 1 ? 'connections-1' : `${group}-${count}`;
    const rate = medianOf(results, cell, 'nest', 'perSecond');
    return rate ? thousands(rate.median) : '';
  });
}

/**
 * Memory over the long run, its second quarter beside its last.
 * @param {Results} results
 */
function soakText({ samples, options }) {
  const soak = samples.filter(({ group }) => group === 'soak');
  if (soak.length === 0) return [];
  const heaps = ['server', 'client'].map((side) => {
    const { early, late } = earlyAndLate(soak.map(({ values }) => values[`${side}HeapBytes`]));
    return `${side} ${(early / MIB).toFixed(1)} MiB, then ${(late / MIB).toFixed(1)} MiB`;
  });
  return [
    `${options.soakMinutes} minutes at full load (1 KiB of objects, 10 connections): the heap's median in the second quarter and in the last one is ${heaps.join('; ')}.`,
  ];
}

/** @param {readonly Results[]} runs */
function ratiosTable(runs) {
  const titles = runs.map(({ options, machine }) => {
    return `Node ${machine.node}${options.resume === 'without' ? ', without `resume`' : ''}`;
  });
  const [{ rows }] = runs;
  const lines = rows.flatMap((row) => {
    const ratios = runs.map((run) => ratioOf(run, row));
    return ratios.every((ratio) => ratio === '') ? [] : [[row.metric, row.part, ...ratios]];
  });
  return tableOf([['compared', '', ...titles], ...lines]);
}

/**
 * @param {Results} results
 * @param {Row} row
 */
function ratioOf({ rows }, { id }) {
  const ratio = rows.find((row) => row.id === id)?.ratio;
  if (!ratio) return '';
  return `${ratioText(ratio.median)} (${ratioText(ratio.min)} to ${ratioText(ratio.max)})`;
}

/** @param {number | undefined} value */
function microseconds(value) {
  return value === undefined ? '' : `${value.toFixed(1)} µs`;
}

/** @param {number | undefined} us */
function milliseconds(us) {
  return us === undefined ? '' : `${(us / 1000).toFixed(2)} ms`;
}

/** @param {readonly (readonly string[])[]} lines the first is the head */
function tableOf([head, ...lines]) {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** @param {Machine} machine */
function machineText({ cpu, cores, memoryGiB, system }) {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}`;
}
