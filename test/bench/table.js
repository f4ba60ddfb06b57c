import { labelOf } from './contenders/index.js';
import { summarize } from './statistics.js';

/** @import { Results, Row, Sample, Summary } from './types.js' */

/** @type {Readonly<Record<Row['verdict'], string>>} */
const MARKS = { aim: 'aim', must: 'must', short: 'SHORT', measured: '', absent: 'not measured' };

/**
 * The ratios, beside what is wanted of them.
 * @param {Results} results
 */
export function targetTable({ rows }) {
  const head = ['metric', 'part', 'measured', 'spread', 'rounds', 'must', 'aim', ''];
  const lines = rows.map(({ metric, part, ratio, must, aim, verdict }) => [
    metric,
    part,
    ratio ? ratioText(ratio.median) : '-',
    ratio ? `${ratioText(ratio.min)} .. ${ratioText(ratio.max)}` : '-',
    ratio ? String(ratio.count) : '-',
    must === undefined ? '-' : wishText(must),
    aim === undefined ? '-' : wishText(aim),
    MARKS[verdict],
  ]);
  return align([head, ...lines]);
}

/** @type {readonly (readonly [name: string, head: string, format: (value: number) => string])[]} */
const COLUMNS = [
  ['perSecond', '/s', (value) => thousands(value)],
  ['cpuUs', 'CPU us', (value) => significant(value)],
  ['serverCpuUs', 'server', (value) => significant(value)],
  ['clientCpuUs', 'client', (value) => significant(value)],
  ['serverLoopDelayP99Ms', 'loop p99 ms', (value) => value.toFixed(1)],
  ['clientLoopDelayP99Ms', 'client', (value) => value.toFixed(1)],
  ['p50Us', 'p50 us', (value) => significant(value)],
  ['p99Us', 'p99 us', (value) => significant(value)],
  ['p999Us', 'p99.9 us', (value) => significant(value)],
  ['quietP99Us', 'quiet p99 us', (value) => significant(value)],
  ['nanoseconds', 'ns', (value) => thousands(value)],
  ['heapBytes', 'heap B', (value) => thousands(value)],
  ['externalBytes', 'external B', (value) => thousands(value)],
  ['firstSetUpCpuUs', 'first 1,000, CPU us', (value) => significant(value)],
  ['setUpCpuUs', 'set-up CPU us', (value) => significant(value)],
  ['laterSetUpCpuUs', 'later', (value) => significant(value)],
  ['timeMs', 'ms', (value) => value.toFixed(1)],
  ['cpuMs', 'CPU ms', (value) => value.toFixed(1)],
  ['memoryMiB', 'MiB', (value) => value.toFixed(1)],
  ['minifiedBytes', 'minified B', (value) => thousands(value)],
  ['gzippedBytes', 'gzipped B', (value) => thousands(value)],
];

/**
 * What each contender did in each cell: medians, and the spread of the first column.
 * @param {Results} results
 */
export function detailTables({ samples }) {
  const groups = [...new Set(samples.map(({ group }) => group))];
  return groups.map((group) => detailTable(samples.filter((sample) => sample.group === group))).join('\n\n');
}

/** @param {readonly Sample[]} samples of one group */
function detailTable(samples) {
  const columns = COLUMNS.filter(([name]) => samples.some(({ values }) => name in values));
  const head = ['cell', 'contender', ...columns.map(([, title]) => title), 'spread'];
  const keys = [...new Set(samples.map(({ cell, contender }) => `${cell}\n${contender}`))];
  const lines = keys.sort().map((key) => {
    const [cell, contender] = key.split('\n');
    const own = samples.filter((sample) => sample.cell === cell && sample.contender === contender);
    const summaries = columns.map(([name]) => summarize(own.flatMap(({ values }) => values[name] ?? [])));
    const cells = summaries.map((summary, index) => (summary ? columns[index][2](summary.median) : ''));
    return [cell, labelOf(contender), ...cells, spreadText(summaries.find(Boolean))];
  });
  return align([head, ...lines]);
}

/**
 * How far the smallest and the largest are from the median.
 * @param {Summary | undefined} summary
 */
function spreadText(summary) {
  if (!summary) return '';
  const { median, min, max } = summary;
  return `-${percent(1 - min / median)} +${percent(max / median - 1)}`;
}

/** @param {number} part */
function percent(part) {
  return `${(part * 100).toFixed(0)}%`;
}

/** @param {number} value */
export function ratioText(value) {
  if (value >= 1000) return thousands(value);
  return value < 0.1 ? value.toFixed(3) : value.toFixed(2);
}

/** @param {number} value */
function wishText(value) {
  return value >= 1000 ? thousands(value) : String(value);
}

/** @param {number} value */
export function thousands(value) {
  return Math.round(value).toLocaleString('en-US');
}

/** @param {number} value */
function significant(value) {
  return value >= 100 ? thousands(value) : value.toFixed(1);
}

/** @param {readonly (readonly string[])[]} lines the first is the head */
function align(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const isNumber = lines[0].map((_, column) =>
    lines.slice(1).every((line) => /^[-+\d.,% ]*$/.test(line[column])),
  );
  const texts = lines.map((line) =>
    line
      .map((text, column) => (isNumber[column] ? text.padStart(widths[column]) : text.padEnd(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  texts.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return texts.join('\n');
}
