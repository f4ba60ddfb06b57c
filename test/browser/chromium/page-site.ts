import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Closing } from '../../support/closing.js';
import { LOOPBACK } from '../../support/ports.js';
import { bundleForBrowser } from '../../tools/browser-bundle.js';

const PAGE = '<!doctype html><meta charset="utf-8"><script src="/client.js"></script>';

/** Serves pages that have `createClient`, of any path; `closing` ends it. @returns its address */
export async function servePages(closing: Closing): Promise<string> {
  const { text } = await bundleForBrowser(`
    import { createClient } from './lib/browser.js';
    globalThis.createClient = createClient;
  `);
  const web = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? text : PAGE);
  });
  await new Promise<void>((resolve) => web.listen(0, LOOPBACK, resolve));
  closing.add(async () => {
    const closed = new Promise((resolve) => web.close(resolve));
    web.closeAllConnections();
    await closed;
  });
  return `http://${LOOPBACK}:${(web.address() as AddressInfo).port}`;
}
