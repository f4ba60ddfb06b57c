/**
 * `npm run size`: how much `nestjs-jstp/browser` adds to a page, for what a page imports of it, and for each room of
 * lib/. With `-- --modules`: for each module.
 */
import { bundleForBrowser } from './browser-bundle.js';

/** What pages import; each row is bundled for itself. */
export const FEATURES = {
  'all of nestjs-jstp/browser': "export * from './lib/browser.js';",
  createClient: "export { createClient } from './lib/browser.js';",
  'connect, as in the core': "export { connect } from './lib/browser.js';",
  'parse and stringify': "export { parse, stringify } from './lib/browser.js';",
  'codes of errors': "export { ERR_AUTH_FAILED, RemoteError } from './lib/browser.js';",
};

/**
 * How many bytes `createClient` may add to a page, gzipped. CI holds it there. Why not 20 KB: see
 * docs/decisions/0020-client-of-pages.md.
 */
export const CLIENT_LIMIT_BYTES = 57_500;

/** Prints the tables. */
async function print() {
  console.log('bytes, minified by esbuild, and gzipped:');
  for (const [what, text] of Object.entries(FEATURES)) {
    const { minified, gzipped } = await bundleForBrowser(text);
    printRow(what, minified, gzipped);
  }
  const byModule = process.argv.includes('--modules');
  const { bytesOf } = await bundleForBrowser(FEATURES.createClient);
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const [file, bytes] of bytesOf) {
    const name = byModule ? file : file.split('/').slice(1, -1).join('/');
    sums.set(name, (sums.get(name) ?? 0) + bytes);
  }
  console.log(`\nof createClient, minified, by ${byModule ? 'module' : 'folder'}:`);
  for (const [name, bytes] of [...sums].sort((a, b) => b[1] - a[1])) printRow(name, bytes);
}

/** @type {(what: string, ...numbers: number[]) => void} */
function printRow(what, ...numbers) {
  console.log(what.padEnd(44) + numbers.map((number) => String(number).padStart(8)).join(''));
}

if (process.argv[1] === import.meta.filename) await print();
