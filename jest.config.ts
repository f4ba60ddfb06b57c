/** @jest-config-loader esbuild-register */
import { availableParallelism } from 'node:os';
import type { Config } from 'jest';

/** The same output as tsc gives with tsconfig.json: decorators with metadata, fields assigned in the constructor. */
const swcOptions = {
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};

/** What the tests that use Nest may run with: 12, the one of the root, or 11, which test/matrix/run.js installs. */
const nest = process.env['NEST_MAJOR'] ?? '12';
if (nest !== '11' && nest !== '12') throw new Error(`NEST_MAJOR must be 11 or 12, but ${nest} was given`);

/** Whoever imports a package of Nest, or one whose only instance Nest shares, gets that beside Nest 11. */
const nest11 = {
  '^(@nestjs/.+|rxjs|rxjs/.+|reflect-metadata)$': '<rootDir>/test/matrix/nest11/node_modules/$1',
};

const config: Config = {
  testEnvironment: 'node',
  // Above the bound of every wait in a test (test/support/wait-for.ts), so that the wait says what did not come.
  testTimeout: 30_000,
  // Also on two cores, and ended when they have grown. Why: one process for all takes more and more memory, and three times
  // as long.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: '2GB',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/compared-bytes.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  moduleNameMapper: {
    ...(nest === '11' && nest11),
    // TypeScript's ESM imports name the .js that will be built.
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-jstp$': '<rootDir>/lib/index.ts',
    '^nestjs-jstp/core$': '<rootDir>/lib/core.ts',
    '^nestjs-jstp/client$': '<rootDir>/lib/client.ts',
    '^nestjs-jstp/plugin$': '<rootDir>/lib/plugin/index.ts',
    '^nestjs-jstp/testing$': '<rootDir>/lib/testing/index.ts',
    '^nestjs-jstp/redis$': '<rootDir>/lib/redis/index.ts',
    '^nestjs-jstp/opentelemetry$': '<rootDir>/lib/opentelemetry/index.ts',
    '^nestjs-jstp/metrics$': '<rootDir>/lib/metrics/index.ts',
    '^nestjs-jstp/terminus$': '<rootDir>/lib/terminus/index.ts',
    '^nestjs-jstp/explorer$': '<rootDir>/lib/explorer/index.ts',
    '^nestjs-jstp/browser$': '<rootDir>/lib/browser.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.doc-blocks/'],
  reporters: ['default', '<rootDir>/test/tools/totals-reporter.js'],
  collectCoverageFrom: ['lib/**/*.ts'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text', 'lcov'],
  coverageThreshold: { global: { lines: 95, branches: 90 } },
};

export default config;
