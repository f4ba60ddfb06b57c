import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * Bundles a module's text for browsers, minified.
 * @param {string} contents the text; its imports are seen from the repository's root
 */
export async function bundleForBrowser(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const text = outputFiles[0]?.text ?? '';
  const bytesOf = Object.entries(Object.values(metafile.outputs)[0]?.inputs ?? {}).flatMap(
    ([file, { bytesInOutput }]) =>
      file === '<stdin>' || bytesInOutput === 0 ? [] : [/** @type {const} */ ([file, bytesInOutput])],
  );
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map((item) => item.path));
  return {
    text,
    /** The files that something of is in the bundle, from the repository's root on. */
    files: bytesOf.map(([file]) => file),
    /** The same files, each with what it has in the bundle. */
    bytesOf,
    /** Everything that is imported anywhere, used or not. */
    imports,
    minified: Buffer.byteLength(text),
    gzipped: gzipSync(text, { level: 9 }).length,
  };
}
