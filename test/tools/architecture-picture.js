/**
 * `npm run docs:picture`: draws docs/architecture.svg, the rooms of lib/ as layers. A room imports only from the layers
 * below it. The test of docs/architecture.md compares the file with what is drawn here, and the rooms with the folders.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** From the top down: a room, and what it does. */
const LAYERS = [
  ['explorer', 'a page that looks into a server'],
  ['terminus', 'health checks'],
  ['metrics', 'what was counted, for Prometheus and OpenTelemetry'],
  ['nest', 'NestJS: decorators, JstpServer, JstpClient, handlers'],
  ['transport', 'sockets, TLS, WebSockets, browsers, memory'],
  ['server', 'clients of a listening side: login, resume, hand-over'],
  ['connection', 'one peer: handshake, calls, acknowledgement, reconnect'],
  ['application', 'methods under a name and a version'],
  ['session', 'what outlives a connection: the journal, stores'],
  ['reflection', 'what an application says about itself'],
  ['protocol', 'messages, their checks, framing, limits, errors'],
  ['mdsf', 'the text format'],
  ['util', 'emitter, tables, timers, the platform'],
];

/** Beside the layers: a room, the highest layer that it imports, and what it does. */
const ASIDE = [
  ['plugin', 'reflection', 'of the Nest CLI'],
  ['testing', 'transport', 'memory, faults, suites'],
  ['cli', 'transport', 'the command line'],
  ['redis', 'server', 'sessions, events'],
  ['opentelemetry', 'metrics', 'traces, metrics'],
  // Of the transports it knows the browser's alone.
  ['page', 'connection', "a page's client"],
];

/** Layers that may use Node; those below run in browsers, too. */
const OF_NODE = ['explorer', 'terminus', 'metrics', 'nest', 'transport', 'server'];

const LEFT = 20;
const TOP = 20;
const LAYER = { width: 500, height: 40, gap: 12 };
const ASIDE_LEFT = LEFT + LAYER.width + 60;
const ASIDE_WIDTH = 160;
/** Rooms with the same highest layer stand beside one another. */
const ASIDE_COLUMNS = 2;
const WIDTH = ASIDE_LEFT + ASIDE_COLUMNS * (ASIDE_WIDTH + LEFT);
const HEIGHT = TOP + LAYERS.length * (LAYER.height + LAYER.gap) + 30;

/** All rooms of the picture. */
export const ROOMS = [...LAYERS, ...ASIDE].map(([name]) => name);

/** The picture as the text of an SVG file. */
export function drawArchitecture() {
  const layers = LAYERS.map(([name, does], index) => layer(name, does, topOf(index)));
  const arrows = LAYERS.slice(1).map((_, index) =>
    downArrow(LEFT + LAYER.width / 2, topOf(index) + LAYER.height),
  );
  const aside = ASIDE.map(([name, highest, does], index) => {
    const top = topOf(LAYERS.findIndex(([room]) => room === highest));
    const column = ASIDE.slice(0, index).filter(([, other]) => other === highest).length;
    const left = ASIDE_LEFT + column * (ASIDE_WIDTH + LEFT);
    const arrow = column === 0 ? leftArrow(top) : arrowAround(left, top);
    return box(left, top, ASIDE_WIDTH, '#f3eefb') + label(left, top, name, does) + arrow;
  });
  const legend = `<text x="${LEFT}" y="${HEIGHT - 14}" class="note">A room imports only from the layers below it. Blue: may use Node. Green: runs in browsers, as transport/browser does.</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="The rooms of lib, from nest at the top to util at the bottom">`,
    '<style>text{font-family:sans-serif;fill:#1f2933}.name{font-size:14px;font-weight:bold}.does{font-size:12px}.note{font-size:12px}path{stroke:#52606d;fill:none}</style>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...layers,
    ...arrows,
    ...aside,
    legend,
    '</svg>',
    '',
  ].join('\n');
}

/** @param {number} index of a layer */
function topOf(index) {
  return TOP + index * (LAYER.height + LAYER.gap);
}

/** @type {(name: string, does: string, top: number) => string} */
function layer(name, does, top) {
  const fill = OF_NODE.includes(name) ? '#e3effb' : '#e6f6ec';
  return box(LEFT, top, LAYER.width, fill) + label(LEFT, top, name, does, 110);
}

/** @type {(left: number, top: number, width: number, fill: string) => string} */
function box(left, top, width, fill) {
  return `<rect x="${left}" y="${top}" width="${width}" height="${LAYER.height}" rx="4" fill="${fill}" stroke="#52606d"/>`;
}

/** @type {(left: number, top: number, name: string, does: string, indent?: number) => string} */
function label(left, top, name, does, indent) {
  const [x, y] = indent === undefined ? [left + 10, top + 33] : [left + indent, top + 25];
  const nameY = indent === undefined ? top + 17 : top + 25;
  return `<text x="${left + 10}" y="${nameY}" class="name">${name}</text><text x="${x}" y="${y}" class="does">${does}</text>`;
}

/** @type {(x: number, y: number) => string} */
function downArrow(x, y) {
  const end = y + LAYER.gap;
  return `<path d="M${x} ${y}V${end}M${x - 4} ${end - 5}L${x} ${end}L${x + 4} ${end - 5}"/>`;
}

/** @param {number} top of the layer that it points to */
function leftArrow(top) {
  const [end, y] = [LEFT + LAYER.width, top + LAYER.height / 2];
  return `<path d="M${ASIDE_LEFT} ${y}H${end}M${end + 5} ${y - 4}L${end} ${y}L${end + 5} ${y + 4}"/>`;
}

/**
 * The arrow of a box in the second column, below the one in the first.
 * @param {number} left of the box
 * @param {number} top of the layer that it points to
 */
function arrowAround(left, top) {
  const [start, bottom, end] = [left + ASIDE_WIDTH / 2, top + LAYER.height, LEFT + LAYER.width];
  const y = bottom - 8;
  return `<path d="M${start} ${bottom}V${bottom + LAYER.gap / 2}H${end + 30}V${y}H${end}M${end + 5} ${y - 4}L${end} ${y}L${end + 5} ${y + 4}"/>`;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(path.resolve(import.meta.dirname, '../../docs/architecture.svg'), drawArchitecture());
}
