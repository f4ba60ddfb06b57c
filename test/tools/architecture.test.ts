import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { drawArchitecture, ROOMS } from './architecture-picture.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const decisions = readdirSync(path.join(root, 'docs/decisions')).map((file) => `docs/decisions/${file}`);

describe.each(['docs/architecture.md', 'docs/glossary.md', 'docs/protocol.md', ...decisions])(
  '%s',
  (file) => {
    const places = [...new Set(read(file).match(/\b(?:lib|test)\/[\w./-]*\w/g) ?? [])];

    test('names files that exist', () => {
      expect(places.filter((place) => !existsSync(path.join(root, place)))).toEqual([]);
    });
  },
);

describe('docs/architecture.md', () => {
  test('has a row for each room of lib, and the picture has a box for it', () => {
    const folders = readdirSync(path.join(root, 'lib'), { withFileTypes: true });
    const rooms = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const rows = read('docs/architecture.md').match(/^\| `(\w+)` \|/gm) ?? [];
    expect(rows.map((row) => row.slice(3, -3)).sort()).toEqual(rooms.sort());
    expect([...ROOMS].sort()).toEqual(rooms.sort());
  });

  test('names owners and parts that are declared in their files', () => {
    const named = read('docs/architecture.md').matchAll(/([A-Z]\w+)(?: -> \w+)? +(lib\/\S+\.ts)/g);
    const parts = Array.from(named, ([, name, file]) => ({ name, file }));
    expect(parts).not.toHaveLength(0);
    const isDeclared = ({ name, file }: (typeof parts)[number]): boolean =>
      new RegExp(`^export (class|interface) ${name}\\b`, 'm').test(read(file));
    expect(parts.filter((part) => !isDeclared(part))).toEqual([]);
  });

  test('has the picture that npm run docs:picture draws', () => {
    expect(read('docs/architecture.svg')).toBe(drawArchitecture());
  });
});
