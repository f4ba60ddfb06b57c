import { labelOf } from '../contenders/index.js';
import { thousands } from '../table.js';
import { medianOf } from './medians.js';

/** @import { Results, Summary } from '../types.js' */

const PANELS = /** @type {const} */ ([
  ['calls-64', 'Calls per second, 64 in flight'],
  ['calls-256', 'Calls per second, 256 in flight'],
  ['calls-50-connections', 'Calls per second, 50 connections'],
]);
const CONTENDERS = ['nest', 'nest-tcp', 'nest-nats', 'nest-redis', 'core', 'reference'];
const OURS = new Set(['nest', 'core']);

const WIDTH = 760;
const LABEL_WIDTH = 210;
const BAR_WIDTH = 430;
const BAR_HEIGHT = 18;
const LINE_HEIGHT = 26;
const TITLE_HEIGHT = 40;
const MARGIN = 16;

// Both schemes have the same contrasts; what shows the picture says which one it wants.
const STYLE = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .ours { fill: #0969da; }
  .other { fill: #8c959f; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ours { fill: #4493f8; }
    .other { fill: #6e7681; }
    .spread { stroke: #e6edf3; }
  }`;

/**
 * Bars of calls per second, with the spread of the rounds as a line, to be read in light and in dark.
 * @param {Results} results
 */
export function pictureOf(results) {
  let y = MARGIN;
  const parts = PANELS.flatMap(([cell, title]) => {
    const bars = CONTENDERS.flatMap((contender) => {
      const rate = medianOf(results, cell, contender, 'perSecond');
      return rate ? [{ contender, rate }] : [];
    });
    if (bars.length === 0) return [];
    const panel = panelOf(`${title}, Node ${results.machine.node}`, bars, y);
    y += TITLE_HEIGHT + bars.length * LINE_HEIGHT;
    return [panel];
  });
  const height = y + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Calls per second, this package beside others">
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}

/**
 * @param {string} title
 * @param {readonly { contender: string, rate: Summary }[]} bars
 * @param {number} top
 */
function panelOf(title, bars, top) {
  const largest = Math.max(...bars.map(({ rate }) => rate.max));
  const lines = bars.map(({ contender, rate }, index) => {
    const y = top + TITLE_HEIGHT + index * LINE_HEIGHT;
    return barOf(contender, rate, BAR_WIDTH / largest, y);
  });
  return [`<text class="title" x="${MARGIN}" y="${top + 24}">${title}</text>`, ...lines].join('\n');
}

/**
 * @param {string} contender
 * @param {Summary} rate
 * @param {number} scale pixels of a call per second
 * @param {number} y
 */
function barOf(contender, { median, min, max }, scale, y) {
  const left = MARGIN + LABEL_WIDTH;
  const at = (/** @type {number} */ value) => (left + value * scale).toFixed(1);
  const middle = y + BAR_HEIGHT / 2;
  const textY = y + BAR_HEIGHT - 4;
  return [
    `<text x="${MARGIN}" y="${textY}">${escaped(labelOf(contender))}</text>`,
    `<rect class="${OURS.has(contender) ? 'ours' : 'other'}" x="${left}" y="${y}" width="${(median * scale).toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<line class="spread" x1="${at(min)}" x2="${at(max)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${left + BAR_WIDTH + 12}" y="${textY}">${thousands(median)}</text>`,
  ].join('\n');
}

/** @param {string} text */
export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
