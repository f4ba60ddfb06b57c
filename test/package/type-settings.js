/**
 * The compilers and settings that consumers of the package are type-checked with (compilers.js), and what must come
 * of it. The table of docs/troubleshooting.md is made of them, so that it tells what is tested and no more.
 *
 * @typedef {object} TypeSetting
 * @property {string} title the table's first column
 * @property {'module' | 'commonjs'} type of the consumer's package.json
 * @property {Record<string, unknown>} options its compilerOptions
 * @property {Readonly<Record<string, string | undefined>>} refusedBy the compilers that refuse the setting, or to import an ES module
 *   with it -> the code of their error
 */

export const COMPILERS = ['5.4', '5.9', '6.0', '7.0'];

const NO_REQUIRE = 'TS1479';

/** TypeScript 6 wants to be told that a setting on its way out is meant. */
const DEPRECATIONS = { since: '6.0', option: { ignoreDeprecations: '6.0' } };

/** @type {readonly TypeSetting[]} */
export const TYPE_SETTINGS = [
  {
    title: '`commonjs`, `node10` (`"node"`)',
    type: 'commonjs',
    options: { module: 'commonjs', moduleResolution: 'node10' },
    refusedBy: { '7.0': 'TS5108' },
  },
  {
    title: '`node16` in CommonJS',
    type: 'commonjs',
    options: { module: 'node16', moduleResolution: 'node16' },
    refusedBy: { 5.4: NO_REQUIRE, 5.9: NO_REQUIRE, '6.0': NO_REQUIRE, '7.0': NO_REQUIRE },
  },
  {
    title: '`nodenext` in CommonJS',
    type: 'commonjs',
    options: { module: 'nodenext', moduleResolution: 'nodenext' },
    refusedBy: { 5.4: NO_REQUIRE },
  },
  {
    title: '`node16` in ES modules',
    type: 'module',
    options: { module: 'node16', moduleResolution: 'node16' },
    refusedBy: {},
  },
  {
    title: '`nodenext` in ES modules',
    type: 'module',
    options: { module: 'nodenext', moduleResolution: 'nodenext' },
    refusedBy: {},
  },
  {
    title: '`esnext`, `bundler`',
    type: 'module',
    options: { module: 'esnext', moduleResolution: 'bundler' },
    refusedBy: {},
  },
];

/** @type {(setting: TypeSetting, compiler: string) => Record<string, unknown>} */
export function optionsFor({ options }, compiler) {
  const isDeprecated = options['moduleResolution'] === 'node10' && compiler === DEPRECATIONS.since;
  return { ...options, ...(isDeprecated && DEPRECATIONS.option) };
}

/** The rows of docs/troubleshooting.md. @returns {string} */
export function typeTable() {
  const rows = TYPE_SETTINGS.map((setting) => {
    const cells = COMPILERS.map((compiler) => {
      const error = setting.refusedBy[compiler];
      if (error !== undefined) return `no: ${error}`;
      return 'ignoreDeprecations' in optionsFor(setting, compiler)
        ? 'with `"ignoreDeprecations": "6.0"`'
        : 'yes';
    });
    return `| ${[setting.title, ...cells].join(' | ')} |`;
  });
  const head = ['`module`, `moduleResolution`', ...COMPILERS.map((compiler) => `TypeScript ${compiler}`)];
  return [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows].join('\n');
}
