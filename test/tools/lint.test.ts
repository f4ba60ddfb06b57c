import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';

const root = path.resolve(import.meta.dirname, '../..');
const PORTABLE = ['util', 'mdsf', 'protocol', 'session', 'application', 'connection'];
const ON_NODE = ['server', 'transport', 'nest'];
const RULES = ['no-restricted-globals', 'no-restricted-properties', 'no-restricted-syntax', 'no-console'];

let eslint: ESLint;

beforeAll(() => {
  // The repository's own configuration; only the rules under test, so that a snippet needs no types. The files do not
  // exist, so the type-aware parser is told not to look for them.
  eslint = new ESLint({
    cwd: root,
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: false } } },
    ruleFilter: ({ ruleId }) => RULES.includes(ruleId),
  });
});

/** What lint says about `text` as the content of `file`. */
async function complaints(file: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: path.join(root, file), warnIgnored: true });
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message }) => `${ruleId ?? 'parser'}: ${message}`),
  );
}

describe('Node in lib', () => {
  test.each([
    [PORTABLE, 1],
    [ON_NODE, 0],
  ])('%s: a use of a global of Node alone is refused %d times', async (rooms, refused) => {
    for (const room of rooms) {
      for (const use of ['Buffer.alloc(1)', 'process.env', 'setImmediate(() => {})', 'globalThis.process']) {
        expect(await complaints(`lib/${room}/x.ts`, `export const x = ${use};`)).toHaveLength(refused);
      }
    }
  });

  test.each([
    `import net from 'net'; export { net };`,
    `import type { Socket } from 'net'; export type S = Socket;`,
    `export type S = import('net').Socket;`,
    `export const net = () => import('net');`,
    `export { Socket } from 'net';`,
    `export * from 'net';`,
    `import 'fs/promises';`,
    `import net = require('net'); export { net };`,
  ])('%s lacks the prefix node:', async (text) => {
    const message = "no-restricted-syntax: Node's modules are imported as node:NAME.";
    expect(await complaints('lib/server/x.ts', text)).toEqual([message]);
    expect(await complaints('lib/server/x.ts', text.replace(/'(net|fs)/, "'node:$1"))).toEqual([]);
  });
});

describe('files of lib', () => {
  test('have no default export', async () => {
    expect(await complaints('lib/util/x.ts', 'export default class X {}')).toHaveLength(1);
    expect(await complaints('lib/util/x.ts', 'class X {} export { X as default };')).toHaveLength(1);
  });

  test('write nothing to the console', async () => {
    expect(await complaints('lib/nest/x.ts', `console.log('x');`)).toHaveLength(1);
  });

  test('are only exports where they are entries', async () => {
    expect(await complaints('lib/core.ts', `export { x } from './transport/x.js';`)).toEqual([]);
    expect(await complaints('lib/core.ts', `export const x = 1;`)).toHaveLength(1);
    expect(await complaints('lib/index.ts', `import { x } from './nest/x.js'; export { x };`)).toHaveLength(
      2,
    );
  });
});
