import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import { afterEach, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { Application, ws, type Connection } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import { within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

type Callback = (error: unknown, ...results: never[]) => void;
interface BrowserBuild {
  readonly ws: { connect(app: string, client: null, url: string, callback: Callback): void };
}

interface BrowserConnection {
  callMethod(interfaceName: string, method: string, args: unknown[], callback: Callback): void;
  close(): void;
}

/** The reference's build for browsers, in a global scope as a page has one. */
function loadBrowserBuild(): BrowserBuild {
  const file = createRequire(import.meta.url).resolve('@metarhia/jstp/dist/jstp.umd.js');
  const page: Record<string, unknown> = {
    WebSocket,
    console,
    setTimeout,
    clearTimeout,
    clearInterval,
    crypto: globalThis.crypto,
    // Its timers are told not to keep a process alive, which a page's need not be.
    setInterval: (run: () => void, time: number) => setInterval(run, time).unref(),
  };
  for (const name of ['window', 'self', 'global']) page[name] = page;
  createContext(page);
  runInContext(readFileSync(file, 'utf8'), page);
  return (page['api'] as { jstp: BrowserBuild }).jstp;
}

test('the reference’s build for browsers talks to our WebSocket server', async () => {
  const api = { echo: { back: (_connection: Connection, value: unknown, back: Back) => back(null, value) } };
  const server = ws.createServer([new Application('app', api)]);
  closing.add(() => {
    server.close();
    server.closeConnections();
  });
  await within(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)), 'a server');
  const { port } = server.address() as { port: number };
  const connection = await within(
    new Promise<BrowserConnection>((resolve, reject) => {
      loadBrowserBuild().ws.connect(
        'app',
        null,
        `ws://127.0.0.1:${port}/`,
        (error, made: BrowserConnection) => {
          if (error) reject(error);
          else resolve(made);
        },
      );
    }),
    'a connect',
  );
  const answer = new Promise((resolve) => {
    connection.callMethod('echo', 'back', ['привіт'], (error, value: string) => resolve([error, value]));
  });
  expect(await within(answer, 'an answer')).toEqual([null, 'привіт']);
  connection.close();
});
