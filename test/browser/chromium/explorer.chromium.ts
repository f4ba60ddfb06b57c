import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { Closing } from '../../support/closing.js';
import { waitFor } from '../../support/wait-for.js';
import { DESKTOP, launch, PHONE, takePictures } from './chromium.js';
import { ExplorerPage } from './explorer-page.js';
import { MARKUP, numbersMade, startShop } from './explorer-shop.js';

const TEST_LIMIT_MS = 120_000;

const closingAll = new Closing();
const closing = new Closing();
let browser: Browser;
let address: string;

beforeAll(async () => {
  browser = await launch();
  closingAll.add(() => browser.close());
  address = await startShop(closingAll);
}, TEST_LIMIT_MS);

afterAll(() => closingAll.run());
afterEach(() => closing.run());

async function open(viewport: { width: number; height: number }): Promise<ExplorerPage> {
  const explorer = await ExplorerPage.open(browser, address, viewport);
  closing.add(() => explorer.close());
  return explorer;
}

describe.each([
  ['desktop', DESKTOP],
  ['phone', PHONE],
])('the explorer on a %s', (device, viewport) => {
  test(
    'lets in, calls by a form, streams with a pause, watches events, and resumes a session that it has cut',
    async () => {
      const explorer = await open(viewport);
      const { page } = explorer;
      const faults: string[] = [];
      const look = async (name: string): Promise<void> => {
        await takePictures(page, `explorer-${device}-${name}`);
        faults.push(...(await explorer.faults()).map((fault) => `${name}: ${fault}`));
      };

      await explorer.logIn('alice', 'guess');
      await page.getByRole('alert').getByText('Authentication failed').waitFor();
      await look('login');
      await explorer.logIn('alice', 'wonderland');
      await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();

      // Before there are more messages than are kept.
      await explorer.openTab('Traffic');
      await page
        .getByRole('button', { name: /handshake/ })
        .last()
        .click();
      expect(await page.locator('.traffic').textContent()).not.toMatch(/wonderland|guess/);
      await look('traffic');

      // A method, by the search and its form: first with what is wrong said, then right.
      await explorer.choose('place');
      await explorer.call();
      await page.getByText('A text is missing').first().waitFor();
      await look('form');
      await page.getByLabel(/^customer/).fill('Ann');
      await page.getByLabel(/^article/).fill('book');
      await page.getByLabel(/^count/).fill('2');
      await page.getByLabel(/^shipping/).selectOption('courier');
      await explorer.call();
      await page.getByText('4711').waitFor();
      await page.getByText('Done', { exact: true }).scrollIntoViewIfNeeded();
      await look('result');
      await page.getByRole('button', { name: 'Copy as command' }).click();
      await page.getByText('Copied: command').waitFor();
      const command = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(command).toContain(`--origin ${new URL(address).origin} `);
      expect(command).toContain(`orders.place "{customer:'Ann'`);

      // A stream: while it is paused the server makes no more than a few values.
      await explorer.choose('numbers');
      await explorer.call();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText(/^Paused/).waitFor();
      await look('stream');
      const text = (await page.getByText(/^Paused, /).textContent()) ?? '';
      const read = Number(text.replace(/\D/g, ''));
      expect([read > 0, numbersMade.count - read < 64]).toEqual([true, true]);
      await page.getByRole('button', { name: 'Go on' }).click();
      await waitFor(() => numbersMade.count > read + 64, 'further values');
      await page.keyboard.press('Escape');
      await page.getByText(/^Cancelled/).waitFor();

      // An argument that streams, and an error.
      await explorer.choose('sum');
      await explorer.call();
      for (const value of ['3', '4']) {
        await page.getByLabel('Next value of numbers').fill(value);
        await page.getByRole('button', { name: 'Send value' }).click();
      }
      await page.getByRole('button', { name: 'End the stream' }).click();
      await page.locator('.values .leaf', { hasText: /^7$/ }).waitFor();
      await explorer.choose('fail');
      await explorer.call();
      await page.locator('.error-title').filter({ hasText: MARKUP }).waitFor();
      await look('error');

      await explorer.openTab('Events');
      await page.getByText('orders.changed').waitFor();
      await look('events');
      await explorer.openTab('Live');
      const own = page.getByRole('row').filter({ hasText: 'this page' });
      await own.getByRole('button').click();
      await look('live');
      await page.getByRole('button', { name: 'Cut the connection' }).click();
      await page.getByRole('button', { name: 'Yes, cut the connection' }).click();
      await page.getByText('The session is resumed').waitFor();

      expect(await page.title()).toBe('JSTP Explorer');
      expect(explorer.strangers).toEqual([]);
      expect(explorer.complaints).toEqual([]);
      expect(faults).toEqual([]);
    },
    TEST_LIMIT_MS,
  );
});

test(
  'all of it goes by the keyboard, and the history fills a form in again after a reload',
  async () => {
    const explorer = await open(DESKTOP);
    const { page } = explorer;
    await page.getByLabel('Application').focus();
    await page.keyboard.type('shop');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('alice');
    await page.keyboard.press('Tab');
    await page.keyboard.type('wonderland');
    await page.keyboard.press('Enter');
    await explorer.waitForMembers();
    await page.keyboard.press('/');
    await page.keyboard.type('places');
    await page.locator('nav .member').nth(1).waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'orders.place' }).waitFor();
    await page.getByLabel(/^customer/).fill('Bob');
    await page.getByLabel(/^article/).fill('pen');
    await page.getByLabel(/^count/).fill('1');
    await page.keyboard.press('Control+Enter');
    await page.getByText('4711').waitFor();
    await page.getByRole('heading', { name: 'orders.place' }).click();
    await page.keyboard.press('3');
    await page.getByRole('heading', { name: 'Traffic' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('search methods and events').waitFor();
    await page.keyboard.press('Escape');

    await page.reload();
    await explorer.logIn('alice', 'wonderland');
    await explorer.openTab('Call');
    await page.getByRole('button', { name: /orders.place.*Bob/ }).click();
    expect(await page.getByLabel(/^customer/).inputValue()).toBe('Bob');
    expect(await page.evaluate<string>('JSON.stringify(localStorage)')).not.toContain('wonderland');
    expect(explorer.complaints).toEqual([]);
  },
  TEST_LIMIT_MS,
);
