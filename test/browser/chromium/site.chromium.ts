import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DESKTOP, launch, PHONE, takePictures } from './chromium.js';

const TEST_LIMIT_MS = 120_000;
const site = path.resolve(import.meta.dirname, '../../../site');

/** Of the pages of declarations, which are all made alike, so many are looked at on a phone: the largest. */
const LARGEST_DECLARATIONS = 12;

interface SitePage {
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

/** Runs in the browser: what a page has. */
const PARSE = `(html) => {
  const page = new DOMParser().parseFromString(html, 'text/html');
  return {
    links: [...page.querySelectorAll('.col-content a[href]')].map((link) => link.getAttribute('href')),
    ids: [...page.querySelectorAll('[id], a[name]')].map(({ id, name }) => id || name),
  };
}`;

async function read(parser: Page, file: string): Promise<SitePage> {
  const html = readFileSync(path.join(site, file), 'utf8');
  const { links, ids } = await parser.evaluate<{ links: string[]; ids: string[] }>(
    `(${PARSE})(${JSON.stringify(html)})`,
  );
  const absolute = links.map((link) =>
    URL.canParse(link, addressOf(file)) ? new URL(link, addressOf(file)).href : link,
  );
  return { links: absolute, ids: new Set(ids) };
}

/** The pages to be looked at on a phone: all but those of declarations, and the largest of these. */
function pagesForPhone(): string[] {
  const pages = pagesOfSite();
  // Each entry of the package has a page, and beside it a folder of its name with those of its declarations.
  const isDeclaration = (file: string) =>
    file.startsWith('nestjs-jstp/') && !existsSync(path.join(site, file.replace('.html', '')));
  const size = (file: string) => statSync(path.join(site, file)).size;
  const declarations = pages.filter(isDeclaration).sort((a, b) => size(b) - size(a));
  return [...pages.filter((file) => !isDeclaration(file)), ...declarations.slice(0, LARGEST_DECLARATIONS)];
}

describe('the site of the documents', () => {
  const pages = new Map<string, SitePage>();

  beforeAll(async () => {
    const parser = await openPage({});
    for (const file of pagesOfSite()) pages.set(addressOf(file), await read(parser, file));
  }, TEST_LIMIT_MS);

  test('has the README, the documents and a page for each entry of the package', () => {
    const entries = ['core', 'browser', 'redis', 'testing'].map((name) => `nestjs-jstp/${name}.html`);
    const expected = ['index.html', 'CHANGELOG.html', 'nestjs-jstp.html', ...entries];
    expect([...pages.keys()]).toEqual(expect.arrayContaining(expected.map(addressOf)));
  });

  test(
    'no page is wider than a phone',
    async () => {
      // Without its program a page shows the same content in half the time.
      const page = await openPage({ viewport: PHONE, javaScriptEnabled: false });
      const wide: string[] = [];
      for (const file of pagesForPhone()) {
        await page.goto(addressOf(file));
        const overhang = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        if (overhang > 0) wide.push(file);
      }
      expect(wide).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test('every link within the site leads to a page, and to a place on it', () => {
    const broken: string[] = [];
    for (const [address, { links }] of pages) {
      for (const link of links.filter((link) => link.startsWith(addressOf('')))) {
        const [target = '', place = ''] = link.split('#');
        if (!target.endsWith('.html')) continue;
        const ids = pages.get(target)?.ids;
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
