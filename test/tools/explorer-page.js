/** Bundles the explorer's page, as static files that need nothing from elsewhere: a step of `npm run build`. */
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const source = path.join(root, 'lib/explorer/page');

/** How many bytes all files of the page may have together, gzipped. CI holds it there. */
export const EXPLORER_LIMIT_BYTES = 150_000;

/**
 * Bundles the page.
 * @param {string} folder where its files go
 */
export async function buildExplorerPage(folder) {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [
      { in: path.join(source, 'main.tsx'), out: 'explorer' },
      { in: path.join(source, 'styles/explorer.css'), out: 'explorer' },
    ],
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // Licences of what is bundled stay in the files.
    legalComments: 'eof',
    tsconfigRaw: {},
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'icon.svg'])
    await cp(path.join(source, 'public', file), path.join(folder, file));
}
