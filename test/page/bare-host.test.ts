import { createContext, runInContext } from 'node:vm';
import { afterEach, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { Closing } from '../support/closing.js';
import { within } from '../support/wait-for.js';
import { bundleForBrowser } from '../tools/browser-bundle.js';
import { PageServer } from './page-server.js';

const closing = new Closing();
afterEach(() => closing.run());

test('a client needs no more of its host than WebSocket and timers', async () => {
  const server = await PageServer.create(closing);
  await server.start();
  const { text } = await bundleForBrowser(`
    import { createClient } from './lib/browser.js';
    globalThis.run = async (url) => {
      const client = createClient({
        url,
        app: 'app',
        login: async () => ({ name: 'alice', password: 'wonderland' }),
        application: { screen: { size: () => [390, 844] } },
        reconnect: { minDelayMs: 5 },
      });
      const events = [];
      client.on('status', (status) => events.push(status));
      const told = client.fromEvent('news', 'told');
      events.push(await client.call('list', 'askSize'));
      let sum = 0;
      for await (const value of client.stream('numbers', 'upTo', 100)) sum += value;
      events.push(sum);
      await client.call('list', 'tell', 1);
      events.push((await told.next()).value);
      await client.close();
      return JSON.stringify(events);
    };
  `);
  // A host such as React Native, without a page, and with less than that has.
  const host = createContext({ WebSocket, setTimeout, clearTimeout });
  runInContext(text, host);
  const run = runInContext('run', host) as (url: string) => Promise<string>;
  const events = JSON.parse(await within(run(server.url), 'the program')) as unknown[];
  expect(events).toEqual(['connecting', 'connected', [390, 844], 5050, 1, 'closed']);
});
