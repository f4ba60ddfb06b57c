import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { PORTABLE_ROOMS } from './dependency-cruiser.config.js';

/** What only Node has, or only a browser. */
const NOT_PORTABLE = [
  'Buffer',
  'process',
  'global',
  'require',
  'module',
  '__dirname',
  '__filename',
  'setImmediate',
  'clearImmediate',
  'window',
  'self',
  'document',
];

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
  message: 'lib has named exports only.',
};

const onlyExports = {
  selector: 'Program > :not(ExportNamedDeclaration[source], ExportAllDeclaration)',
  message: 'An entry file holds only exports from the rooms.',
};

const withoutPrefix = builtinModules
  .filter((name) => !name.includes(':'))
  .join('|')
  .replaceAll('/', '\\/');
const noImportMeta = {
  selector: 'MetaProperty[meta.name="import"]',
  message: 'Jest makes CommonJS of this in the tests of applications of CommonJS, which have no import.meta.',
};
const nodePrefix = {
  // Every kind of import: declarations, re-exports, import(), types written as import('x'), import x = require('x').
  selector: `:matches(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration, ImportExpression, TSImportType, TSExternalModuleReference) > Literal[value=/^(${withoutPrefix})$/]`,
  message: "Node's modules are imported as node:NAME.",
};

const noWallClock = {
  object: 'Date',
  property: 'now',
  message: 'The clock on the wall is set forward and back: take now() of util/host.ts.',
};

/** For tests, whose waits test/support/quiet.ts has. */
const noBareWait =
  'A wait proves nothing on a slow machine: test/support/quiet.ts waits for what comes after what must not come.';

export default defineConfig(
  {
    ignores: [
      '**/dist/',
      'coverage/',
      'site/',
      '.doc-blocks/',
      'test/package/fixtures/',
      'test/tools/doc-programs/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // tsc does this one, for the JavaScript files as well.
      'no-undef': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
      'no-param-reassign': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      // In strict already; named here because the house style does.
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // In strict for Promises alone: what a store gives back may be any thenable.
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      // Bracket access to a private member is reported, too: it goes around the type system.
      '@typescript-eslint/dot-notation': [
        'error',
        {
          allowPrivateClassPropertyAccess: false,
          allowProtectedClassPropertyAccess: false,
          allowIndexSignaturePropertyAccess: true,
        },
      ],
      // What follows is looser than strict on purpose.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      // A lost callback's error is the bare number -1, as JSTP's users test for it.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Types of a class's shape are options objects in Nest.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Callbacks without and with types of their own need an overload each, or the first lose theirs.
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: true }],
      // Loops over a constant `true` are state machines here.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // Handlers of Nest and of JSTP may be async without awaiting anything.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/explicit-member-accessibility': ['error', { accessibility: 'no-public' }],
    },
  },
  {
    files: ['lib/**/*.{ts,tsx}'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', noDefaultExport, nodePrefix, noImportMeta],
      'no-restricted-properties': ['error', noWallClock],
      // A file is cut where the idea is, not where a ruler falls: this only stops one that has swallowed several.
      'max-lines': ['error', { max: 600 }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    // What no test of an application of CommonJS loads.
    files: ['lib/cli/**', 'lib/explorer/**'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, nodePrefix] },
  },
  {
    // Markup has many lines, and few branches.
    files: ['lib/explorer/page/view/*.tsx'],
    rules: { 'max-lines-per-function': ['error', { max: 100, skipComments: true, skipBlankLines: true }] },
  },
  {
    files: ['lib/index.ts', 'lib/core.ts', 'lib/browser.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, nodePrefix, onlyExports] },
  },
  {
    files: PORTABLE_ROOMS.map((room) => `lib/${room}/**/*.ts`),
    rules: {
      'no-restricted-globals': [
        'error',
        ...NOT_PORTABLE.map((name) => ({ name, message: 'This room also runs in a browser.' })),
      ],
      'no-restricted-properties': [
        'error',
        noWallClock,
        ...NOT_PORTABLE.map((property) => ({
          object: 'globalThis',
          property,
          message: 'This room also runs in a browser.',
        })),
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    // The kit has the waits; the fault runs pause at random, and the rest are programs that use no kit.
    ignores: [
      'test/support/**',
      'test/faults/**',
      'test/abuse/**',
      'test/bench/**',
      'test/browser/program.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        ...['timers/promises', 'node:timers/promises'].map((name) => ({
          name,
          importNames: ['setTimeout', 'scheduler'],
          message: noBareWait,
        })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]',
          message: noBareWait,
        },
      ],
    },
  },
  {
    // Tests talk to untyped code (the reference implementation) and hand wrong things in on purpose.
    files: ['test/**', 'sample/**'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-misused-promises': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
);
