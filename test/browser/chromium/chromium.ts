import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '../../..');
/** Where the pictures go, to be looked at; git ignores it. Without PICTURES in the environment there are none. */
const SCREENSHOTS = path.join(root, '.screenshots');
const TAKES_PICTURES = Boolean(process.env['PICTURES']);

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

/** What Playwright asks of Chromium so that tests are alike, and users do not. */
const UNLIKE_FOR_USERS = [
  '--disable-back-forward-cache',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * Starts the Chromium of this machine (CHROMIUM, or Debian's).
 * @param options.likeForUsers whether pages are cached and throttled as they are for users
 */
export function launch({ likeForUsers = false } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    ...(likeForUsers && { ignoreDefaultArgs: UNLIKE_FOR_USERS }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** Takes a picture in both colour schemes, if somebody wants to look at it: `PICTURES=1 npm run test:chromium`. */
export async function takePictures(page: Page, name: string): Promise<void> {
  if (!TAKES_PICTURES) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${colorScheme}.png`) });
  }
}
