import { describe, expect, test } from '@jest/globals';
import { readBlocks, unprovenBlocks } from './readme-blocks.js';

const fenced = (info: string, code: string) => ['Some text', '', `\`\`\`${info}`, code, '```', ''].join('\n');
const ASSERTS = `import assert from 'node:assert/strict';\n`;

describe('code blocks of the README', () => {
  test('are named by their line, and are run only if they say so', () => {
    const code = `${ASSERTS}b();`;
    expect(readBlocks(fenced('ts', 'a();') + fenced('ts run', code))).toEqual([
      { file: 'line-3.ts', line: 3, code: 'a();\n', run: false, prints: [] },
      { file: 'line-8.ts', line: 8, code: `${code}\n`, run: true, prints: [] },
    ]);
  });

  test('that run say beside each console.log what it prints', () => {
    const code = 'console.log(await f()); // in kitchen\n  console.log(2); // 2';
    expect(readBlocks(fenced('ts run', code))[0]?.prints).toEqual(['in kitchen', '2']);
    const silent = `${ASSERTS}console.log(1);`;
    expect(() => readBlocks(fenced('ts run', silent))).toThrow(
      'line 3: a console.log of the block does not say',
    );
  });

  test('that run have their outcome asserted', () => {
    expect(() => readBlocks(fenced('ts run', 'serve(); // 6'))).toThrow('nothing is asserted of its outcome');
    expect(readBlocks(fenced('ts run', `import test from 'node:test';`))).toHaveLength(1);
  });

  test('are unproven unless they run, or are imported by what runs, also in two steps', () => {
    const blocks = readBlocks(
      fenced('ts file=a.ts', `import './b.js';`) +
        fenced('ts file=b.ts', 'b();') +
        fenced('ts file=c.service.ts', 'c();') +
        fenced('ts', 'd();') +
        fenced('ts file=e.ts', 'e();') +
        fenced('ts run', `${ASSERTS}import './a.js';`),
    );
    const programs = [`import { c } from './c.service.js';`];
    expect(unprovenBlocks(blocks, programs).map(({ file }) => file)).toEqual(['line-18.ts', 'e.ts']);
  });

  test('may have a file name for others to import', () => {
    expect(readBlocks(fenced('ts file=a.controller.ts', 'x'))[0]).toMatchObject({ file: 'a.controller.ts' });
  });

  test('of JavaScript are CommonJS if they call require', () => {
    expect(readBlocks(fenced('js', `import 'x';`))[0]).toMatchObject({ file: 'line-3.js' });
    expect(readBlocks(fenced('js', `require('x');`))[0]).toMatchObject({ file: 'line-3.cjs' });
  });

  test('of other languages are left alone', () => {
    expect(readBlocks(fenced('bash', 'npm start') + fenced('', 'x') + fenced('tsx', 'x'))).toEqual([]);
  });

  test('with an unknown word, without an end or with a name that is taken are refused', () => {
    expect(() => readBlocks(fenced('ts runn', 'x'))).toThrow('line 3: "runn" is not known');
    expect(() => readBlocks('```ts\nx')).toThrow('line 1: the code block has no end');
    expect(() => readBlocks(fenced('ts file=a.ts', 'x') + fenced('ts file=a.ts', 'x'))).toThrow('a.ts');
  });
});
