import { describe, expect, test } from '@jest/globals';
import { releaseObstacles } from './release-obstacles.js';

const filledIn = {
  version: '1.2.0',
  repository: { url: 'git+https://example.org/people/nestjs-jstp.git' },
  bugs: { url: 'https://example.org/people/nestjs-jstp/issues' },
  homepage: 'https://example.org/people/nestjs-jstp#readme',
};
const changelog = '# Changelog\n\n## 1.2.0\n\n### Minor Changes\n\n- Something.\n\n## 1.1.0\n';
const changesets = ['README.md', 'config.json'];

describe('a release', () => {
  test('is free to go when everything is filled in and written', () => {
    expect(releaseObstacles(filledIn, changelog, changesets)).toEqual([]);
  });

  test.each([
    [{ ...filledIn, homepage: 'https://example.org/OWNER' }, changelog, changesets, 'package.json: homepage'],
    [{ ...filledIn, bugs: { url: 'https://example.org/OWNER' } }, changelog, changesets, 'bugs.url'],
    [
      { ...filledIn, repository: { url: 'git+https://x.org/OWNER' } },
      changelog,
      changesets,
      'repository.url',
    ],
    [filledIn, changelog, [...changesets, 'brave-cat.md'], '.changeset: brave-cat.md waits'],
    [filledIn, `# Changelog\n\n## [Unreleased]\n\n## 1.2.0\n`, changesets, 'Unreleased'],
    [{ ...filledIn, version: '1.3.0' }, changelog, changesets, 'version 1.3.0 has no section'],
  ])('is refused, naming what is left to do: case %#', (manifest, text, files, reason) => {
    expect(releaseObstacles(manifest, text, files)).toEqual([expect.stringContaining(reason)]);
  });
});
