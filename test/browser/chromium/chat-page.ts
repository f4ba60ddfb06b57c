import type { Browser, BrowserContext, Page } from 'playwright-core';

const LIMIT_MS = 15_000;

/** The chat in a browser of its own, as a user sees it. */
export class ChatPage {
  /** The first message of each WebSocket that was opened. */
  readonly handshakes: string[] = [];
  /** What the page has complained about. */
  readonly complaints: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.setDefaultTimeout(LIMIT_MS);
    page.on('websocket', (webSocket) => {
      webSocket.once('framesent', ({ payload }) => this.handshakes.push(String(payload)));
    });
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('console', (message) => {
      // Of a line that is cut and of a login that is refused the browser itself complains.
      const isOfBrowser = /WebSocket connection|ERR_CONNECTION|status of 401/.test(message.text());
      if (message.type() === 'error' && !isOfBrowser) this.complaints.push(message.text());
    });
  }

  static async open(
    browser: Browser,
    port: number,
    viewport: { width: number; height: number },
  ): Promise<ChatPage> {
    const context = await browser.newContext({ viewport, deviceScaleFactor: 2 });
    const chat = new ChatPage(context, await context.newPage());
    await chat.page.goto(`http://127.0.0.1:${port}/`);
    return chat;
  }

  close(): Promise<void> {
    return this.context.close();
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.page.getByLabel('Name', { exact: true }).fill(name);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  async say(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.page.getByLabel('Message', { exact: true }).fill(text);
      await this.page.getByRole('button', { name: 'Send' }).click();
    }
  }

  /** Waits for the connection's state. */
  async waitForStatus(...names: string[]): Promise<void> {
    const selector = names.map((name) => `#status[data-state="${name}"]`).join(', ');
    await this.page.locator(selector).waitFor();
  }

  /** Waits until so many messages were heard and none waits to be sent. */
  async waitForMessages(count: number): Promise<void> {
    await this.page.waitForFunction(
      `document.querySelectorAll('#said .text').length >= ${count} && !document.querySelector('#drafts li')`,
    );
  }

  /** What was said in the room, in the order on the page. */
  messages(): Promise<string[]> {
    return this.page.locator('#said .text').allTextContents();
  }

  /** What waits to be sent. */
  drafts(): Promise<string[]> {
    return this.page.locator('#drafts .text').allTextContents();
  }
}
