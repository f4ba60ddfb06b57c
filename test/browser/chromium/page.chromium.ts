import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Controller, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { build } from 'esbuild';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { JstpContext, JstpServer, type Server } from '../../../lib/index.js';
import { start as startSample } from '../../../sample/07-typed-contract/server/start.js';
import { PageServer } from '../../page/page-server.js';
import { Closing } from '../../support/closing.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { clockWait } from '../../support/quiet.js';
import { waitFor } from '../../support/wait-for.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { bundleForBrowser } from '../../tools/browser-bundle.js';
import { startProgramServer } from '../program-server.js';
import { EXPECTED } from '../program.js';
import { launch } from './chromium.js';
import { servePages } from './page-site.js';

const TEST_LIMIT_MS = 60_000;

const closing = new Closing();
let browser: Browser;

beforeAll(async () => {
  browser = await launch({ likeForUsers: true });
}, TEST_LIMIT_MS);
afterEach(() => closing.run());
afterAll(() => browser.close());

test(
  'the browser build does everything over the WebSocket of Chromium',
  async () => {
    const { url, deadUrl } = await startProgramServer(closing);
    const page = await browser.newPage();
    const { text } = await bundleForBrowser(`
      import { runProgram } from './test/browser/program.ts';
      globalThis.report = runProgram('${url}', '${deadUrl}').then(JSON.stringify);
    `);
    await page.addScriptTag({ type: 'module', content: text });
    await page.waitForFunction('globalThis.report');
    const report = await page.evaluate<string>('globalThis.report');
    expect(JSON.parse(report)).toEqual(JSON.parse(JSON.stringify(EXPECTED)));
    await page.close();
  },
  TEST_LIMIT_MS,
);

/** Makes the page's client, which waits for long between attempts and not for long for a pong. */
const start = (url: string): string => `
  globalThis.heard = [];
  globalThis.statuses = [];
  globalThis.client = createClient({
    url: '${url}',
    app: 'app',
    login: { name: 'alice', password: 'wonderland' },
    heartbeatInterval: 300,
    resumeTimeoutMs: Infinity,
    reconnect: { minDelayMs: 500000, maxDelayMs: 500000 },
  });
  client.on('status', (status) => statuses.push(status));
  client.on('error', () => undefined);
  client.fromEvent('news', 'told', (value) => heard.push(value));
  client.connect().then(() => 'connected');
`;

const status = (page: Page): Promise<unknown> => page.evaluate('globalThis.client?.status');
const untilStatus = (page: Page, name: string): Promise<void> =>
  waitFor(async () => (await status(page).catch(() => undefined)) === name, `the status ${name}`);

/** Tells the page's client on the server's side, as events. */
function tell(server: PageServer, ...values: unknown[]): void {
  for (const value of values) server.connections[0]?.emitRemoteEvent('news', 'told', [value]);
}

test(
  "a page's client keeps its session through all that Chromium does to pages",
  async () => {
    const server = await PageServer.create(closing);
    await server.start();
    const site = await servePages(closing);
    const context = await browser.newContext();
    closing.add(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${site}/one`);
    expect(await page.evaluate(start(server.url))).toBe('connected');
    const cdp = await context.newCDPSession(page);

    await throughBackForwardCache(page, server, site);
    await throughFreezing(page, cdp, server);
    await throughThrottling(page, cdp, server);
    await throughOffline(page, server);
    expect(server.logins).toEqual(['alice']);
    expect(await page.evaluate('heard')).toEqual(['cached', 'frozen', 'throttled', 'offline']);

    await throughOtherTabs(page, server);
    expect(complaints).toEqual([]);
  },
  TEST_LIMIT_MS,
);

async function throughBackForwardCache(page: Page, server: PageServer, site: string): Promise<void> {
  await page.goto(`${site}/two`);
  // The page is kept as it is, as its WebSocket is gone; the session is kept, too.
  await waitFor(
    () => server.clients.every(({ handshakeDone }) => !handshakeDone),
    'the end of the WebSocket',
  );
  tell(server, 'cached');
  await page.evaluate('void setTimeout(() => history.back())');
  await untilStatus(page, 'connected');
  await page.waitForFunction("heard.includes('cached')");
  expect(server.byes).toEqual([]);
}

async function throughFreezing(page: Page, cdp: CDPSession, server: PageServer): Promise<void> {
  await page.evaluate('statuses.length = 0');
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
  tell(server, 'frozen');
  // Many heartbeats and pongs are due meanwhile.
  await clockWait('heartbeats under way', 1500);
  await cdp.send('Page.setWebLifecycleState', { state: 'active' });
  await page.waitForFunction("heard.includes('frozen')");
  // It did not take its own sleep for the server's.
  expect([await status(page), await page.evaluate('statuses')]).toEqual(['connected', []]);
}

async function throughThrottling(page: Page, cdp: CDPSession, server: PageServer): Promise<void> {
  // Without a head no page is ever hidden: its timers are made to come as late as those of hidden pages.
  await page.evaluate(`
    globalThis.originalTimeout = setTimeout;
    globalThis.setTimeout = (run, ms = 0) => originalTimeout(run, ms + 1000 - ((Date.now() + ms) % 1000));
  `);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await clockWait('heartbeats under way', 2200);
  tell(server, 'throttled');
  await page.waitForFunction("heard.includes('throttled')");
  expect([await status(page), await page.evaluate('statuses')]).toEqual(['connected', []]);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await page.evaluate('globalThis.setTimeout = originalTimeout');
}

async function throughOffline(page: Page, server: PageServer): Promise<void> {
  await page.context().setOffline(true);
  server.cut();
  await untilStatus(page, 'waiting');
  await page.evaluate("globalThis.kept = client.call('list', 'add', 'kept'), void 0");
  tell(server, 'offline');
  await server.mend();
  // The next attempt would be made in minutes, but for the event 'online'.
  expect(await page.evaluate('client.retryInMs > 100000')).toBe(true);
  await page.context().setOffline(false);
  expect(await page.evaluate('kept')).toBe(1);
  await page.waitForFunction("heard.includes('offline')");
}

async function throughOtherTabs(page: Page, server: PageServer): Promise<void> {
  // A duplicate has a copy of all that is stored for the tab.
  const [duplicate] = await Promise.all([
    page.context().waitForEvent('page'),
    page.evaluate("void open('/three')"),
  ]);
  await duplicate.waitForFunction('globalThis.createClient');
  expect(await duplicate.evaluate(start(server.url))).toBe('connected');
  expect(server.logins).toEqual(['alice', 'alice']);
  expect([await status(page), server.clients.length]).toEqual(['connected', 2]);
  // A page that is loaded anew ends its session, and begins another one.
  await duplicate.goto('about:blank');
  await duplicate.close({ runBeforeUnload: true });
  // One that is discarded goes without a word, as it does when its process ends.
  await page.goto('chrome://crash').catch(() => undefined);
  await waitFor(() => server.clients.length === 0, 'the end of both WebSockets');
  expect(server.byes).toEqual(['close']);
}

test(
  'the sample of a contract: pages of React show by useJstp what others say, and who is there',
  async () => {
    const { folder, remove } = scratchFolder('jstp-page-');
    closing.add(remove);
    const sample = 'sample/07-typed-contract';
    await build({
      entryPoints: [`${sample}/page/main.tsx`],
      outdir: folder,
      bundle: true,
      format: 'esm',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"development"' },
      logLevel: 'error',
    });
    const app = await startSample(0, [`${sample}/public`, folder]);
    closing.add(() => app.close());
    const url = await app.getUrl();
    const complaints: string[] = [];
    const open = async (name: string): Promise<Page> => {
      const page = await browser.newPage({ locale: 'de-CH' });
      closing.add(() => page.close());
      page.on('pageerror', ({ message }) => complaints.push(message));
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await page.goto(`${url}?name=${name}`);
      await page.getByText('connected').waitFor();
      return page;
    };
    const ann = await open('ann');
    const beth = await open('beth');
    await beth.getByText('ann (de-CH), beth (de-CH)').waitFor();
    await ann.getByLabel('Message').fill('<b>hello</b>');
    await ann.getByRole('button', { name: 'Send' }).click();
    await beth.getByText('<b>hello</b>').waitFor();
    expect(await beth.locator('li').allTextContents()).toEqual(['ann (de-CH) <b>hello</b>']);
    await beth.close();
    await ann.locator('#people', { hasText: /^ann \(de-CH\)$/ }).waitFor();
    expect(await ann.getByLabel('Message').inputValue()).toBe('');
    expect(complaints).toEqual([]);
  },
  TEST_LIMIT_MS,
);

/** Lets in who has the token, as the guide to guards has it. */
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const jstp = context.switchToRpc().getContext<JstpContext>();
    const { strategy, credentials } = jstp.getHandshake() ?? {};
    if (strategy !== 'token' || credentials !== 'token-of-bob') return false;
    jstp.setUsername('bob');
    return true;
  }
}

@Controller()
class WhoController {
  @MessagePattern('who')
  who(@Ctx() context: JstpContext): string | null {
    return context.getUsername();
  }
}

test(
  'a page that has a token is let in by it, from the site that is allowed alone',
  async () => {
    const [site, otherSite] = [await servePages(closing), await servePages(closing)];
    const strategy = new JstpServer({
      transport: 'ws',
      host: LOOPBACK,
      port: 0,
      allowedOrigins: [site],
      authPolicy: new TokenGuard(),
    });
    const app = await NestFactory.createMicroservice(moduleOf({ controllers: [WhoController] }), {
      ...QUIET,
      strategy,
    });
    closing.add(() => app.close());
    await app.listen();
    const { port } = strategy.unwrap<Server>().address() as { port: number };
    const context = await browser.newContext();
    closing.add(() => context.close());
    const page = await context.newPage();
    const ask = (token: string): Promise<unknown> =>
      page.evaluate(`
        (async () => {
          const client = createClient({
            url: 'ws://${LOOPBACK}:${port}/',
            app: 'jstp',
            login: async () => ({ strategy: 'token', credentials: '${token}' }),
          });
          client.on('error', () => undefined);
          try {
            await client.connect();
            return await client.call('default', 'who');
          } catch ({ code }) {
            return code;
          } finally {
            await client.close();
          }
        })()
      `);
    await page.goto(site);
    expect([await ask('token-of-bob'), await ask('a guess')]).toEqual(['bob', 11]);
    await page.goto(otherSite);
    expect(await ask('token-of-bob')).toBe('ERR_JSTP_CONNECT');
  },
  TEST_LIMIT_MS,
);
