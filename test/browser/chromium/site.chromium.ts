import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DESKTOP, launch, PHONE, takePictures } from './chromium.js';

const TEST_LIMIT_MS = 120_000;
const site = path.resolve(import.meta.dirname, '../../../site');

/** What a page is like on a phone. */
interface Visit {
  /** By how much the page is wider than the screen. */
  readonly overhang: number;
  /** Where its links lead, as absolute addresses. */
  readonly links: readonly string[];
  /** The places on it that a link may name. */
  readonly ids: ReadonlySet<string>;
}

let browser: Browser;
/** What pages asked for elsewhere than in the site. */
const strangers: string[] = [];

beforeAll(async () => {
  browser = await launch();
}, TEST_LIMIT_MS);

afterAll(() => browser.close());

/** A page in a browser that knows nothing of earlier ones, and whose requests are looked at. */
async function openPage(options: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options);
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(addressOf('')) || request.url().startsWith('data:');
    if (!isOwn) strangers.push(request.url());
  });
  return page;
}

function addressOf(file: string): string {
  return pathToFileURL(path.join(site, file)).href;
}

function pagesOfSite(): string[] {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.html'));
}

async function visit(page: Page, file: string): Promise<Visit> {
  await page.goto(addressOf(file));
  const { overhang, links, ids } = await page.evaluate<{
    overhang: number;
    links: string[];
    ids: string[];
  }>(`({
    overhang: document.documentElement.scrollWidth - innerWidth,
    links: [...document.querySelectorAll('.col-content a[href]')].map(({ href }) => href),
    ids: [...document.querySelectorAll('[id], a[name]')].map(({ id, name }) => id || name),
  })`);
  return { overhang, links, ids: new Set(ids) };
}

describe('the site of the documents', () => {
  const visits = new Map<string, Visit>();

  beforeAll(async () => {
    // Without its program a page shows the same content in half the time.
    const page = await openPage({ viewport: PHONE, javaScriptEnabled: false });
    for (const file of pagesOfSite()) visits.set(addressOf(file), await visit(page, file));
  }, TEST_LIMIT_MS);

  test('has the README, the documents and a page for each entry of the package', () => {
    const entries = ['core', 'browser', 'redis', 'testing'].map((name) => `nestjs-jstp/${name}.html`);
    const pages = ['index.html', 'CHANGELOG.html', 'nestjs-jstp.html', ...entries];
    expect([...visits.keys()]).toEqual(expect.arrayContaining(pages.map(addressOf)));
  });

  test('no page is wider than a phone', () => {
    const wide = [...visits].filter(([, { overhang }]) => overhang > 0);
    expect(wide.map(([address]) => address)).toEqual([]);
  });

  test('every link within the site leads to a page, and to a place on it', () => {
    const broken: string[] = [];
    for (const [address, { links }] of visits) {
      for (const link of links.filter((link) => link.startsWith(addressOf('')))) {
        const [target = '', place = ''] = link.split('#');
        if (!target.endsWith('.html')) continue;
        const ids = visits.get(target)?.ids;
        if (!ids || (place !== '' && !ids.has(decodeURIComponent(place)))) broken.push(`${address}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test(
    'the menu of a phone leads to the page of an entry of the package, and the page loads nothing from elsewhere',
    async () => {
      const page = await openPage({ viewport: PHONE });
      await page.goto(addressOf('index.html'));
      await page.click('#tsd-toolbar-menu-trigger');
      await page.click('.site-menu summary:has-text("Modules")');
      await takePictures(page, 'site-phone-menu');
      await page.click('.site-menu a:has-text("nestjs-jstp/core")');
      await page.waitForSelector('h1:has-text("Module nestjs-jstp/core")');
      await takePictures(page, 'site-phone-entry');
      expect(strangers).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'the search finds a declaration',
    async () => {
      const page = await openPage({ viewport: DESKTOP });
      await page.goto(addressOf('nestjs-jstp.html'));
      await takePictures(page, 'site-desktop-entry');
      await page.click('#tsd-search-trigger');
      await page.fill('#tsd-search-input', 'JstpClient');
      await page.click('#tsd-search-results a:has-text("JstpClient")');
      await page.waitForSelector('h1:has-text("Class JstpClient")');
      await takePictures(page, 'site-desktop-class');
      expect(strangers).toEqual([]);
    },
    TEST_LIMIT_MS,
  );
});
