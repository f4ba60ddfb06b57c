import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const LIMIT_MS = 20_000;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** The explorer in a browser of its own. */
export class ExplorerPage {
  /** What the page has complained about: errors, and what its policy has refused. */
  readonly complaints: string[] = [];
  /** What it has asked for elsewhere than at its own server. */
  readonly strangers: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    address: string,
  ) {
    const { origin } = new URL(address);
    page.setDefaultTimeout(LIMIT_MS);
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(origin)) this.strangers.push(request.url());
    });
  }

  static async open(
    browser: Browser,
    address: string,
    viewport: { width: number; height: number },
  ): Promise<ExplorerPage> {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const explorer = new ExplorerPage(context, await context.newPage(), address);
    await explorer.page.goto(address);
    return explorer;
  }

  close(): Promise<void> {
    return this.context.close();
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.page.getByLabel('Application').selectOption({ label: 'shop 2.1.0' });
    await this.page.getByLabel('Name', { exact: true }).fill(name);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Connect' }).click();
  }

  /** Opens a method or event, in the list or, on a phone, in the menu. */
  async choose(name: string): Promise<void> {
    const menu = this.page.getByRole('button', { name: 'Methods and events' });
    if (await menu.isVisible()) await menu.click();
    await this.page
      .getByRole('navigation')
      .getByRole('button', { name: new RegExp(`^${name}\\b`) })
      .click();
  }

  /** Waits until the page has heard what the server has: before that, a search finds nothing. */
  async waitForMembers(): Promise<void> {
    await this.page.locator('nav .member').first().waitFor({ state: 'attached' });
  }

  async call(): Promise<void> {
    await this.page.getByRole('button', { name: 'Call', exact: true }).click();
  }

  async openTab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
  }

  /** What axe finds in both colour schemes, and by how much the page is wider than the screen. */
  async faults(): Promise<string[]> {
    const faults: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      const violations = await this.page.evaluate<Violation[]>(
        `(() => { ${axe.source}; return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations); })()`,
      );
      faults.push(
        ...violations.map(
          ({ id, nodes }) =>
            `${colorScheme} ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
        ),
      );
    }
    const overhang = await this.page.evaluate<number>(
      "Math.max(...[...document.querySelectorAll('html, .tab-panel, .panel')].map((part) => part.scrollWidth - part.clientWidth))",
    );
    return overhang > 0 ? [...faults, `${overhang} pixels too wide`] : faults;
  }
}
