import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');
const FOLDERS = ['', '.changeset', '.github', 'docs', 'sample', 'test'];

const textOf = (file: string) => readFileSync(path.join(root, file), 'utf8');

/** The Markdown files of the repository; of its root those that lie right in it. */
function documents(): string[] {
  const files = FOLDERS.filter((folder) => existsSync(path.join(root, folder))).flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: folder !== '', encoding: 'utf8' }).map((file) =>
      path.join(folder, file),
    ),
  );
  return files.filter((file) => file.endsWith('.md') && !file.includes('node_modules'));
}

describe('the documents', () => {
  test('name no npm script that does not exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const unknown = documents().flatMap((file) =>
      [...textOf(file).matchAll(/npm run ([\w:-]+)/g)]
        .filter(([, script = '']) => !(script in scripts))
        .map(([command]) => `${file}: ${command}`),
    );
    expect(unknown).toEqual([]);
  });

  test('show the hook for React as the sample has it, which Chromium runs', () => {
    const hook = textOf('sample/07-typed-contract/page/use-jstp.ts');
    expect(textOf('docs/guides/contracts.md')).toContain(`\`\`\`tsx\n${hook}\`\`\`\n`);
  });

  test('name each folder of test/ on the map of the tests', () => {
    const map = textOf('test/README.md');
    const folders = readdirSync(path.join(root, 'test'), { withFileTypes: true });
    const missing = folders.filter((entry) => entry.isDirectory() && !map.includes(`\`${entry.name}\``));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
