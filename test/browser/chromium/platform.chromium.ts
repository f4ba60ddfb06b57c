import { afterEach, expect, test } from '@jest/globals';
import { Closing } from '../../support/closing.js';
import { bundleForBrowser } from '../../tools/browser-bundle.js';
import { startProgramServer } from '../program-server.js';
import { EXPECTED } from '../program.js';
import { launch } from './chromium.js';

const TEST_LIMIT_MS = 60_000;

const closing = new Closing();
afterEach(() => closing.run());

test(
  'the browser build does everything over the WebSocket of Chromium',
  async () => {
    const { url, deadUrl } = await startProgramServer(closing);
    const browser = await launch();
    closing.add(() => browser.close());
    const page = await browser.newPage();
    const { text } = await bundleForBrowser(`
      import { runProgram } from './test/browser/program.ts';
      globalThis.report = runProgram('${url}', '${deadUrl}').then(JSON.stringify);
    `);
    await page.addScriptTag({ type: 'module', content: text });
    await page.waitForFunction('globalThis.report');
    const report = await page.evaluate<string>('globalThis.report');
    expect(JSON.parse(report)).toEqual(JSON.parse(JSON.stringify(EXPECTED)));
  },
  TEST_LIMIT_MS,
);
