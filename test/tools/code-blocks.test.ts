import { describe, expect, test } from '@jest/globals';
import { importedBlocks, joinBlocks, portsOf, readBlocks, unprovenBlocks } from './code-blocks.js';

const fenced = (info: string, code: string) => ['Some text', '', `\`\`\`${info}`, code, '```', ''].join('\n');
const read = (markdown: string) => readBlocks(markdown, 'docs/a.md');
const ASSERTS = `import assert from 'node:assert/strict';\n`;

describe('code blocks of the documents', () => {
  test('are named by their document and line, and are run only if they say so', () => {
    const code = `${ASSERTS}b();`;
    expect(read(fenced('ts', 'a();') + fenced('ts run', code))).toEqual([
      {
        place: 'docs/a.md:3',
        file: 'docs-a-line-3.ts',
        code: 'a();\n',
        run: false,
        warns: false,
        prints: [],
      },
      {
        place: 'docs/a.md:8',
        file: 'docs-a-line-8.ts',
        code: `${code}\n`,
        run: true,
        warns: false,
        prints: [],
      },
    ]);
  });

  test('that run say beside each console.log what it prints', () => {
    const code = 'console.log(await f()); // in kitchen\n  console.log(2); // 2';
    expect(read(fenced('ts run', code))[0]?.prints).toEqual(['in kitchen', '2']);
    const silent = `${ASSERTS}console.log(1);`;
    expect(() => read(fenced('ts run', silent))).toThrow(
      'docs/a.md:3: a console.log of the block does not say',
    );
  });

  test('may log warnings only where they say so', () => {
    expect(read(fenced('ts run warns', ASSERTS))[0]).toMatchObject({ run: true, warns: true });
  });

  test('that run have their outcome asserted', () => {
    expect(() => read(fenced('ts run', 'serve(); // 6'))).toThrow('nothing is asserted of its outcome');
    expect(read(fenced('ts run', `import test from 'node:test';`))).toHaveLength(1);
  });

  test('are unproven unless they run, or are imported by what runs, also in two steps', () => {
    const blocks = read(
      fenced('ts file=a.ts', `import './b.js';`) +
        fenced('ts file=b.ts', 'b();') +
        fenced('ts file=c.service.ts', 'c();') +
        fenced('ts', 'd();') +
        fenced('ts file=e.ts', 'e();') +
        fenced('ts run', `${ASSERTS}import './a.js';`),
    );
    const programs = [`import { c } from './c.service.js';`];
    expect(unprovenBlocks(blocks, programs).map(({ file }) => file)).toEqual(['docs-a-line-18.ts', 'e.ts']);
  });

  test('of two documents are one file where they are the same code, and an error where they are not', () => {
    const shown = readBlocks(fenced('ts file=a.ts', 'x'), 'one.md');
    const again = readBlocks(fenced('ts file=a.ts', 'x'), 'two.md');
    expect(joinBlocks([...shown, ...again])).toEqual(shown);
    const changed = readBlocks(fenced('ts file=a.ts', 'y'), 'two.md');
    expect(() => joinBlocks([...shown, ...changed])).toThrow(
      'two.md:3: a.ts is another file than in one.md:3',
    );
  });

  test('are found by what imports them, once each', () => {
    const blocks = read(
      fenced('ts file=a.ts', `import './b.js';`) + fenced('ts file=b.ts', `import './a.js';`),
    );
    const imported = importedBlocks(`import { a } from './a.js';`, blocks);
    expect([...imported].map(({ file }) => file)).toEqual(['a.ts', 'b.ts']);
  });

  test('may have a file name for others to import', () => {
    expect(read(fenced('ts file=a.controller.ts', 'x'))[0]).toMatchObject({ file: 'a.controller.ts' });
  });

  test('of JavaScript are CommonJS if they call require', () => {
    expect(read(fenced('js', `import 'x';`))[0]).toMatchObject({ file: 'docs-a-line-3.js' });
    expect(read(fenced('js', `require('x');`))[0]).toMatchObject({ file: 'docs-a-line-3.cjs' });
  });

  test('of other languages are left alone', () => {
    expect(read(fenced('bash', 'npm start') + fenced('', 'x') + fenced('tsx', 'x'))).toEqual([]);
  });

  test('with an unknown word or without an end are refused', () => {
    expect(() => read(fenced('ts runn', 'x'))).toThrow('docs/a.md:3: "runn" is not known');
    expect(() => read('```ts\nx')).toThrow('docs/a.md:1: the code block has no end');
  });

  test('name the ports that no other one may have meanwhile', () => {
    const code = `listen(4030, '127.0.0.1'); connect({ port: 4000 }); url: 'ws://127.0.0.1:3000/jstp', ms: 1000, port: 0`;
    expect(portsOf(code)).toEqual(['4030', '4000', '3000']);
  });
});
