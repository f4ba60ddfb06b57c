/**
 * `npm run check:imports`: what may import what in lib/. A room imports only from itself and from the rooms it may know,
 * and only the packages that belong there; no file is part of an import circle. Types count: `import type`,
 * `import('x')` types and re-exports, too.
 */

/** @import { IConfiguration, IForbiddenRuleType } from 'dependency-cruiser' */

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'rxjs', 'reflect-metadata'];

const line = [
  'util',
  'mdsf',
  'protocol',
  'reflection',
  'session',
  'application',
  'connection',
  'server',
  'transport',
  'nest',
];
const before = (/** @type {string} */ room) => line.slice(0, line.indexOf(room));
const upTo = (/** @type {string} */ room) => [...before(room), room];

/**
 * `rooms`: what a room may import besides itself. `isPortable`: it also runs in a browser, so it uses nothing of Node.
 * @typedef {{ rooms: string[], packages: string[], isPortable?: boolean }} RoomRules
 * @type {Record<string, RoomRules>}
 */
const ROOMS = {
  util: { rooms: before('util'), packages: [], isPortable: true },
  mdsf: { rooms: before('mdsf'), packages: [], isPortable: true },
  protocol: { rooms: before('protocol'), packages: [], isPortable: true },
  reflection: { rooms: ['util', 'protocol'], packages: [], isPortable: true },
  session: { rooms: before('session'), packages: [], isPortable: true },
  application: { rooms: before('application'), packages: ['semver'], isPortable: true },
  connection: { rooms: before('connection'), packages: ['semver'], isPortable: true },
  server: { rooms: before('server'), packages: ['semver'] },
  transport: { rooms: before('transport'), packages: ['ws'] },
  nest: {
    rooms: before('nest'),
    packages: ['devalue', ...NEST, 'semver', 'class-validator-jsonschema', '@valibot/to-json-schema'],
  },
  plugin: { rooms: ['reflection'], packages: ['typescript'] },
  metrics: { rooms: upTo('nest'), packages: [] },
  opentelemetry: {
    rooms: [...upTo('nest'), 'metrics'],
    packages: ['@opentelemetry/api', '@opentelemetry/instrumentation'],
  },
  terminus: { rooms: upTo('nest'), packages: [...NEST, '@nestjs/terminus'] },
  redis: { rooms: upTo('server'), packages: ['redis'] },
  testing: { rooms: upTo('transport'), packages: [] },
  // Of the transports the browser's alone, as for browser.ts.
  page: { rooms: [...before('server'), 'transport'], packages: [], isPortable: true },
  cli: { rooms: upTo('transport'), packages: [] },
  explorer: { rooms: [...upTo('nest'), 'reflection'], packages: NEST },
  // A room within one. What the server's half tells it are types, which it shares.
  'explorer/page': {
    rooms: [
      ...before('server'),
      'transport',
      'page',
      'reflection',
      'browser.ts',
      'explorer/explorer-settings.ts',
      'server/administration/administration.ts',
    ],
    packages: ['preact', 'uplot'],
  },
};

/**
 * The files that only export, and what they may export from.
 * @type {Record<string, string[]>}
 */
const ENTRIES = {
  'index.ts': [...line, 'core.ts'],
  'core.ts': before('nest'),
  'client.ts': line.filter((room) => room !== 'server'),
  // Of the transports the browser's alone: test/browser checks what is bundled.
  'browser.ts': [...before('server'), 'transport', 'page'],
};

/** Rooms that also run in a browser: eslint.config.js forbids Node's globals there. */
export const PORTABLE_ROOMS = Object.keys(ROOMS).filter((room) => ROOMS[room].isPortable);

/** A pattern of all that lies in the named folders and files of lib/. */
const inLib = (/** @type {string[]} */ places) => `^lib/(${places.join('|')})(/|$)`;

/** @type {(name: string, from: string, places: string[], packages: string[]) => IForbiddenRuleType} */
const importsOnly = (name, from, places, packages) => ({
  name,
  severity: 'error',
  from: { path: from, ...(from === inLib(['explorer']) && { pathNot: inLib(['explorer/page']) }) },
  to: {
    pathNot: [inLib(places), ...packages.map((name) => `^node_modules/${name}/`)],
    dependencyTypesNot: ['core'],
  },
});

/** @type {IConfiguration} */
const config = {
  forbidden: [
    {
      name: 'no circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every room has its rules in dependency-cruiser.config.js',
      severity: 'error',
      from: { path: '^lib/', pathNot: inLib([...Object.keys(ROOMS), ...Object.keys(ENTRIES)]) },
      to: {},
    },
    {
      // Deep paths of Nest differ between 11 and 12.
      name: 'Nest is imported from its roots',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(node_modules/)?@nestjs/[^/]+/(?!(dist/)?index\\.(js|d\\.ts)$)' },
    },
    {
      name: "portable rooms do not use Node's modules",
      severity: 'error',
      from: { path: inLib([...PORTABLE_ROOMS, ...Object.keys(ENTRIES)]) },
      to: { dependencyTypes: ['core'] },
    },
    ...Object.entries(ROOMS).map(([room, { rooms, packages }]) =>
      importsOnly(`arrows of lib/${room}`, inLib([room]), [room, ...rooms], packages),
    ),
    ...Object.entries(ENTRIES).map(([file, places]) =>
      importsOnly(`arrows of lib/${file}`, inLib([file]), places, []),
    ),
  ],
  options: {
    // Types are part of the arrows: what a room cannot name it cannot know.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};

export default config;
