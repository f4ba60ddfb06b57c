/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
// @ts-expect-error esbuild-register finds a .ts file only without an extension.
import everyday from '../../jest.config';

const base: Config = everyday;
const [[pattern, [, swcOptions]]] = Object.entries(base.transform ?? {}) as [
  [string, [string, Record<string, unknown>]],
];

/** The tests as ever, with one change to lib that the transform makes; see run.js. */
const config: Config = {
  ...base,
  rootDir: '../..',
  transform: { [pattern]: ['<rootDir>/test/mutation/transform.js', swcOptions] },
  testEnvironment: '<rootDir>/test/mutation/environment.js',
  testSequencer: '<rootDir>/test/mutation/sequencer.js',
  reporters: [],
  // A change that makes a test wait in vain is noticed as well; fewer seconds are enough for that.
  testTimeout: 15_000,
};

export default config;
