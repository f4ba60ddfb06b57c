import { labelOf } from '../contenders/index.js';
import { ratioText, thousands } from '../table.js';
import { medianOf } from './medians.js';

/** @import { Machine, Results } from '../types.js' */

/** The picture shows the first two cells of it. */
const CELLS = /** @type {const} */ ([
  ['calls-64', '64 in flight'],
  ['calls-256', '256 in flight'],
  ['calls-50-connections', '50 connections'],
]);
const CONTENDERS = ['nest', 'nest-tcp', 'nest-nats', 'nest-redis', 'core', 'reference', 'floor'];

/**
 * A section for a README.
 * @param {Results} results
 * @param {string} picture its path, from the README
 */
export function markdownOf(results, picture) {
  const { machine, date, options, version, absent } = results;
  const missing = Object.entries(absent).map(([name, why]) => `${labelOf(name)} was not measured: ${why}.`);
  return [
    `![Calls per second, this package beside others](${picture})`,
    callsTable(results),
    ratiosTable(results),
    [
      `Version ${version}, ${date.slice(0, 10)}: ${machineText(machine)}.`,
      `Client and server in a process each, ${machine.isPinned ? 'on a core each' : 'not pinned'}, contenders in turn,`,
      `medians of ${options.rounds} rounds, ratios within a round, in parentheses the least and the largest.`,
      ...missing,
      'To repeat it: `npm ci && npm run bench`.',
    ].join(' '),
    '',
  ].join('\n\n');
}

/** @param {Results} results */
function callsTable(results) {
  const head = [
    'calls/s',
    ...CELLS.map(([, title]) => title),
    'CPU a call, 64 in flight',
    'one at a time, p50',
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

/** @param {Results} results */
function ratiosTable({ rows }) {
  const lines = rows.flatMap(({ metric, part, ratio }) =>
    ratio
      ? [[metric, part, `${ratioText(ratio.median)} (${ratioText(ratio.min)} to ${ratioText(ratio.max)})`]]
      : [],
  );
  return tableOf([['compared', '', 'ratio'], ...lines]);
}

/** @param {number | undefined} value */
function microseconds(value) {
  return value === undefined ? '' : `${value.toFixed(1)} µs`;
}

/** @param {readonly (readonly string[])[]} lines the first is the head */
function tableOf([head, ...lines]) {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** @param {Machine} machine */
function machineText({ cpu, cores, memoryGiB, node, system }) {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`;
}
