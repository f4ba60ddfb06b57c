/** The documents whose code is checked: README.md, sample/README.md and the Markdown of docs/. */
import { readdirSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** @returns {string[]} their paths from the repository's root */
export function documents() {
  return ['README.md', 'sample/README.md', ...markdownOf('docs')];
}

/** Folders that begin with a dot are the site's own. @type {(folder: string) => string[]} */
function markdownOf(folder) {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  return entries
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry) => {
      const own = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return markdownOf(own);
      return entry.name.endsWith('.md') ? [own] : [];
    });
}
