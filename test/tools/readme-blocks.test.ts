import { describe, expect, test } from '@jest/globals';
import { readBlocks } from './readme-blocks.js';

const fenced = (info: string, code: string) => ['Some text', '', `\`\`\`${info}`, code, '```', ''].join('\n');

describe('code blocks of the README', () => {
  test('are named by their line, and are run only if they say so', () => {
    expect(readBlocks(fenced('ts', 'a();') + fenced('ts run', 'b();'))).toEqual([
      { file: 'line-3.ts', line: 3, code: 'a();\n', run: false },
      { file: 'line-8.ts', line: 8, code: 'b();\n', run: true },
    ]);
  });

  test('may have a file name for others to import', () => {
    expect(readBlocks(fenced('ts file=a.controller.ts', 'x'))[0]).toMatchObject({ file: 'a.controller.ts' });
  });

  test('of JavaScript are CommonJS if they call require', () => {
    expect(readBlocks(fenced('js', `import 'x';`))[0]).toMatchObject({ file: 'line-3.js' });
    expect(readBlocks(fenced('js run', `require('x');`))[0]).toMatchObject({ file: 'line-3.cjs', run: true });
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
