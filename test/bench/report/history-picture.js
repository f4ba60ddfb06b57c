import { TARGETS } from '../targets.js';
import { ratioText } from '../table.js';
import { escaped } from './picture.js';

/** @import { History } from '../types.js' */

const WIDTH = 900;
const LABEL_WIDTH = 500;
const LINE_WIDTH = 280;
const LINE_HEIGHT = 34;
const HEAD_HEIGHT = 46;
const MARGIN = 16;
/** A line of the picture reaches from a third of what must be reached to three times of it. */
const REACH = Math.log(3);

const STYLE = `
  text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .must { stroke: #8c959f; stroke-dasharray: 3 3; }
  polyline { fill: none; stroke-width: 1.5; }
  .node0 { stroke: #0969da; fill: #0969da; } .node1 { stroke: #bc4c00; fill: #bc4c00; } .node2 { stroke: #1a7f37; fill: #1a7f37; }
  polyline.node0, polyline.node1, polyline.node2 { fill: none; }
  text.node0, text.node1, text.node2 { stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .must { stroke: #6e7681; }
    .node0 { stroke: #4493f8; fill: #4493f8; } .node1 { stroke: #f0883e; fill: #f0883e; } .node2 { stroke: #3fb950; fill: #3fb950; }
  }`;

/**
 * How the ratios moved: a line for each that something is wanted of, from the oldest version to the newest, above the dashes
 * where it is better than it must be. A colour for each major version of Node.
 * @param {readonly History[]} kept the oldest first
 */
export function historyPictureOf(kept) {
  const versions = [...new Set(kept.map(({ version }) => version))];
  const nodes = [...new Set(kept.map(nodeOf))].sort((a, b) => Number(b) - Number(a));
  const x = (/** @type {string} */ version) => {
    const step = versions.length > 1 ? LINE_WIDTH / (versions.length - 1) : 0;
    return MARGIN + LABEL_WIDTH + versions.indexOf(version) * step;
  };
  const shown = TARGETS.filter(({ id, must }) => must !== undefined && kept.some(({ ratios }) => ratios[id]));
  const lines = shown.map(({ id, metric, part, must = 1, better }, index) => {
    const middle = HEAD_HEIGHT + MARGIN + index * LINE_HEIGHT + LINE_HEIGHT / 2;
    const y = (/** @type {number} */ ratio) => {
      const goodness = Math.log(better === 'higher' ? ratio / must : must / ratio) / REACH;
      return middle - Math.max(-1, Math.min(1, goodness)) * (LINE_HEIGHT / 2 - 3);
    };
    const ofNodes = nodes.map((node, number) => {
      const points = kept.flatMap((history) => {
        const ratio = history.ratios[id]?.median;
        return ratio === undefined || nodeOf(history) !== node
          ? []
          : [{ ratio, x: x(history.version), y: y(ratio) }];
      });
      return lineOf(points, number, middle + 4);
    });
    return [
      `<text x="${MARGIN}" y="${middle + 4}">${escaped(`${metric}, ${part}`)}</text>`,
      `<line class="must" x1="${MARGIN + LABEL_WIDTH}" x2="${MARGIN + LABEL_WIDTH + LINE_WIDTH}" y1="${middle}" y2="${middle}"/>`,
      ...ofNodes,
    ].join('\n');
  });
  const height = HEAD_HEIGHT + 2 * MARGIN + shown.length * LINE_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="How the ratios moved from version to version">
<style>${STYLE}
</style>
${headOf(versions, nodes)}
${lines.join('\n')}
</svg>
`;
}

/**
 * @param {readonly string[]} versions
 * @param {readonly string[]} nodes
 */
function headOf(versions, nodes) {
  const names = nodes.map((node, number) => {
    return `<text class="node${number}" x="${MARGIN + number * 80}" y="${MARGIN + 28}">Node ${node}</text>`;
  });
  const span = versions.length > 1 ? `${versions[0]} to ${versions.at(-1)}` : versions.join('');
  return [
    `<text class="title" x="${MARGIN}" y="${MARGIN + 6}">${escaped(span)}; above the dashes: better than it must be</text>`,
    ...names,
  ].join('\n');
}

/**
 * @param {readonly { ratio: number, x: number, y: number }[]} points
 * @param {number} number of the Node
 * @param {number} textY
 */
function lineOf(points, number, textY) {
  const last = points.at(-1);
  if (!last) return '';
  const at = points.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' ');
  const dots = points.map(
    (point) =>
      `<circle class="node${number}" cx="${point.x.toFixed(1)}" cy="${point.y.toFixed(1)}" r="2.5"/>`,
  );
  const textX = MARGIN + LABEL_WIDTH + LINE_WIDTH + 8 + number * 36;
  return [
    `<polyline class="node${number}" points="${at}"/>`,
    ...dots,
    `<text class="node${number}" x="${textX}" y="${textY}">${ratioText(last.ratio)}</text>`,
  ].join('\n');
}

/** @param {History} history */
function nodeOf({ machine }) {
  return machine.node.replace(/^v/, '').split('.')[0];
}
