/** `npm run size`: how much `nestjs-jstp/browser` adds to a page. */
import { bundleForBrowser } from './browser-bundle.js';

const PARTS = {
  'all of nestjs-jstp/browser': "export * from './lib/browser.js';",
  'connect alone': "export { connect } from './lib/browser.js';",
  'parse alone': "export { parse } from './lib/browser.js';",
};

console.log('bytes, minified by esbuild, and gzipped:');
for (const [what, text] of Object.entries(PARTS)) {
  const { minified, gzipped } = await bundleForBrowser(text);
  console.log(`${what.padEnd(28)}${String(minified).padStart(8)}${String(gzipped).padStart(8)}`);
}
