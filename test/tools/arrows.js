/**
 * The import arrows of lib/, as an ESLint rule: a room imports only from itself and from the rooms it may know,
 * and only the packages that belong there. Types count: `import type`, `import('x')` types and re-exports too.
 */
import { isBuiltin } from 'node:module';
import path from 'node:path';

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'rxjs', 'reflect-metadata'];

/** From left to right. `rooms`: what a room may import besides itself. `node`: may it use Node's own modules. */
const line = [
  'util',
  'mdsf',
  'protocol',
  'session',
  'application',
  'connection',
  'server',
  'transport',
  'nest',
];
const before = (/** @type {string} */ room) => line.slice(0, line.indexOf(room));

/** @typedef {{ rooms: string[], packages: string[], node: boolean }} RoomRules */
/** @type {Record<string, RoomRules | undefined>} */
const ROOMS = {
  util: { rooms: before('util'), packages: [], node: false },
  mdsf: { rooms: before('mdsf'), packages: [], node: false },
  protocol: { rooms: before('protocol'), packages: [], node: false },
  session: { rooms: before('session'), packages: [], node: false },
  application: { rooms: before('application'), packages: ['semver'], node: false },
  connection: { rooms: before('connection'), packages: ['semver'], node: false },
  server: { rooms: before('server'), packages: ['semver'], node: true },
  transport: { rooms: before('transport'), packages: ['ws'], node: true },
  nest: { rooms: before('nest'), packages: [...NEST, 'semver'], node: true },
  redis: { rooms: [...before('server'), 'server'], packages: ['redis'], node: true },
  testing: { rooms: [...before('transport'), 'transport'], packages: [], node: true },
  cli: { rooms: [...before('transport'), 'transport'], packages: [], node: true },
};

/**
 * The files that only export, and the rooms they may export from.
 * @type {Record<string, string[] | undefined>}
 */
const ENTRIES = {
  'index.ts': [...line, 'core.ts'],
  'core.ts': before('nest'),
  // Of the transports the browser's alone: what is bundled is tested in test/browser.
  'browser.ts': [...before('server'), 'transport'],
};

/** Rooms that also run in a browser: no Node modules, no Node globals. */
export const PORTABLE_ROOMS = Object.keys(ROOMS).filter((room) => !ROOMS[room]?.node);

/** The package of `@scope/name/sub` or `name/sub`. */
function packageOf(/** @type {string} */ specifier) {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/** The first step below lib/: a room's name, or the file's name for a file right in lib/. Null outside lib/. */
function placeInLib(/** @type {string} */ lib, /** @type {string} */ file) {
  const relative = path.relative(lib, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return null;
  return relative.split(path.sep)[0]?.replace(/\.js$/, '.ts') ?? null;
}

/**
 * What is wrong with importing `specifier` in `file`, or null.
 * @param {string} lib absolute path of lib/
 * @param {string} file absolute path of the importing file
 * @param {string} specifier
 * @returns {string | null}
 */
function forbiddenImport(lib, file, specifier) {
  const room = placeInLib(lib, file);
  if (room === null) return null;
  const entry = ENTRIES[room];
  const rules = ROOMS[room] ?? (entry && { rooms: entry, packages: [], node: false });
  if (!rules) return `lib/${room} is no room: add it to test/tools/arrows.js with its arrows`;
  if (specifier.startsWith('.')) {
    const target = placeInLib(lib, path.resolve(path.dirname(file), specifier));
    if (target === null) return `lib/${room} imports from outside lib: ${specifier}`;
    if (target === room || rules.rooms.includes(target)) return null;
    return `lib/${room} may not import from lib/${target}`;
  }
  if (isBuiltin(specifier)) {
    if (!rules.node) return `lib/${room} may not use Node's modules: ${specifier}`;
    return specifier.startsWith('node:') ? null : `write node:${specifier}`;
  }
  const name = packageOf(specifier);
  if (!name || !rules.packages.includes(name)) return `lib/${room} may not import the package ${specifier}`;
  // Deep paths of Nest differ between 11 and 12.
  return name.startsWith('@nestjs/') && name !== specifier ? `import from ${name}, not ${specifier}` : null;
}

/** @type {import('eslint').Rule.RuleModule} */
export const arrowsRule = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object', properties: { lib: { type: 'string' } }, required: ['lib'] }],
  },
  create(context) {
    const { lib } = /** @type {{ lib: string }} */ (context.options[0]);
    /** @param {unknown} source the node that holds the specifier, where there is one */
    const check = (source) => {
      const node = /** @type {import('eslint').Rule.Node & { value?: unknown } | null | undefined} */ (
        source
      );
      if (typeof node?.value !== 'string') return;
      const message = forbiddenImport(lib, context.filename, node.value);
      if (message !== null) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => {
        check(node.source);
      },
      ExportNamedDeclaration: (node) => {
        check(node.source);
      },
      ExportAllDeclaration: (node) => {
        check(node.source);
      },
      ImportExpression: (node) => {
        check(node.source);
      },
      // import x = require('x'), which ES modules of TypeScript may hold.
      TSExternalModuleReference: (/** @type {{ expression?: unknown }} */ node) => {
        check(node.expression);
      },
      // A type written as import('x').Y; ESTree proper has no such node.
      TSImportType: (/** @type {{ source?: unknown, argument?: { literal?: unknown } }} */ node) => {
        check(node.source ?? node.argument?.literal);
      },
    };
  },
};
