/** @import { Runner } from '../runner.js' */

const GROUP = 'browser';

/**
 * How much the browser entry adds to a page, for what a page imports of it, as `npm run size` tells.
 * @param {Runner} runner
 */
export async function runBrowser(runner) {
  const { FEATURES } = await import('../../tools/browser-size.js');
  const contenders = await runner.present(GROUP, { name: GROUP, contenders: Object.keys(FEATURES) });
  if (contenders.length === 0) return;
  runner.say(GROUP);
  const { bundleForBrowser } = await import('../../tools/browser-bundle.js');
  for (const [contender, text] of Object.entries(FEATURES)) {
    if (!contenders.includes(contender)) continue;
    const { minified, gzipped } = await bundleForBrowser(text);
    const values = { minifiedBytes: minified, gzippedBytes: gzipped };
    runner.record({ group: GROUP, cell: GROUP, contender, round: 0, values });
  }
}
