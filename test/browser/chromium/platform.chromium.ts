import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Controller, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import type { Browser, Page } from 'playwright-core';
import { JstpContext, type JstpHandshakeData } from '../../../lib/index.js';
import { startService } from '../../nest/server/fixture.js';
import { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';
import { bundleForBrowser } from '../../tools/browser-bundle.js';
import { startProgramServer } from '../program-server.js';
import { EXPECTED } from '../program.js';
import { launch } from './chromium.js';

const TEST_LIMIT_MS = 60_000;

const closing = new Closing();
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
}, TEST_LIMIT_MS);
afterAll(() => browser.close());
afterEach(() => closing.run());

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
  },
  TEST_LIMIT_MS,
);

/** Lets in who has the cookie of a login, and whose page knows a token. */
class SiteGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { strategy, credentials } = context.switchToRpc().getData<JstpHandshakeData>();
    const jstp = context.switchToRpc().getContext<JstpContext>();
    const byToken = strategy === 'token' && credentials === 'a token' ? 'bob' : undefined;
    const user = strategy === 'anonymous' ? jstp.getUpgradeRequest()?.cookies.user : byToken;
    if (user === undefined) return false;
    jstp.setUsername(user);
    return true;
  }
}

@Controller()
class WhoController {
  @MessagePattern('who')
  who(@Ctx() context: JstpContext): unknown[] {
    return [context.getUsername(), context.getUpgradeRequest()?.headers.origin];
  }
}

/** A site whose front page logs in: its cookie is one that no script can read. */
async function startSite(): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader('set-cookie', 'user=ann; HttpOnly; SameSite=Strict; Path=/');
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>site</title>');
  });
  closing.add(() => {
    server.close();
    server.closeAllConnections();
  });
  const listening = new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  await within(listening, 'a site');
  return server;
}

const originOf = (server: Server): string => `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`;

/** What a page learns of itself: its user and origin, or the code of the error. */
async function whoIs(page: Page, url: string, policy = 'undefined'): Promise<unknown> {
  const { text } = await bundleForBrowser(`
    import { connect } from './lib/browser.ts';
    const client = { connectPolicy: ${policy}, reconnector: () => undefined };
    globalThis.who = connect('jstp', client, '${url}')
      .then((connection) => connection.callMethod('default', 'who', []))
      .catch((error) => error.code);
  `);
  await page.addScriptTag({ type: 'module', content: text });
  await page.waitForFunction('globalThis.who');
  return page.evaluate('globalThis.who');
}

test(
  'a cookie or a token names the user of a page; of other origins the cookie is worth nothing, if origins are checked',
  async () => {
    const [site, other] = await Promise.all([startSite(), startSite()]);
    const allowedOrigins = [originOf(site)];
    const address = { host: undefined, port: undefined, transport: 'ws', server: site } as const;
    const options = { ...address, authPolicy: new SiteGuard() };
    await startService({
      controllers: [WhoController],
      options: { ...options, path: '/jstp', allowedOrigins },
    });
    await startService({ controllers: [WhoController], options: { ...options, path: '/open' } });
    const [url, open] = ['/jstp', '/open'].map((path) => originOf(site).replace('http', 'ws') + path);
    const context = await browser.newContext();
    closing.add(() => context.close());
    const page = await context.newPage();
    await page.goto(originOf(site));
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await whoIs(page, url)).toEqual(['ann', originOf(site)]);
    await page.reload();
    const tokenPolicy = `(app, connection, session, callback) =>
      connection.authenticate(app, 'token', 'a token', (error, session) => callback(error, connection, session))`;
    expect(await whoIs(page, url, tokenPolicy)).toEqual(['bob', originOf(site)]);
    // Another port is another origin, but the same site: the browser sends the cookie along.
    await page.goto(originOf(other));
    expect(await whoIs(page, url)).toBe('ERR_JSTP_CONNECT');
    await page.reload();
    expect(await whoIs(page, open)).toEqual(['ann', originOf(other)]);
  },
  TEST_LIMIT_MS,
);
