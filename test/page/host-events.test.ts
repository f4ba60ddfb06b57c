import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient, type PageClient } from '../../lib/browser.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { LOOPBACK } from '../support/ports.js';
import { turns } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import { PageServer } from './page-server.js';

const closing = new Closing();
let server: PageServer;
/** The window and the document of a page. */
let windowEvents: EventTarget & { listeners: number };
let documentEvents: EventTarget & { listeners: number; visibilityState: string };

/** Something that has events, and tells how many listen. */
function eventSource(): EventTarget & { listeners: number } {
  const source = Object.assign(new EventTarget(), { listeners: 0 });
  const { addEventListener, removeEventListener } = source;
  source.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    source.listeners += 1;
    addEventListener.apply(source, args);
  };
  source.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    source.listeners -= 1;
    removeEventListener.apply(source, args);
  };
  return source;
}

function setGlobal(name: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  closing.add(() => {
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  });
}

beforeEach(async () => {
  windowEvents = eventSource();
  documentEvents = Object.assign(eventSource(), { visibilityState: 'visible' });
  setGlobal('WebSocket', WebSocket);
  setGlobal('document', documentEvents);
  setGlobal('addEventListener', windowEvents.addEventListener);
  setGlobal('removeEventListener', windowEvents.removeEventListener);
  server = await PageServer.create(closing);
});
afterEach(() => closing.run());

/** A client that waits for long between attempts. */
function client(): PageClient {
  const page = createClient({
    url: server.url,
    app: 'app',
    login: { name: 'alice', password: 'wonderland' },
    reconnect: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
    resumeTimeoutMs: Infinity,
    heartbeatInterval: 0,
  });
  page.on('error', () => undefined);
  closing.add(() => page.close());
  return page;
}

/** A server that lets clients in, and says nothing from then on. */
async function silentServer(): Promise<{ url: string; heard: string[] }> {
  const heard: string[] = [];
  const silent = new WebSocketServer({ port: 0, host: LOOPBACK });
  closing.add(() => {
    for (const each of silent.clients) each.terminate();
    silent.close();
  });
  silent.on('connection', (webSocket) => {
    webSocket.on('message', (data: Buffer) => {
      heard.push(data.toString());
      if (heard.length === 1) webSocket.send("{handshake:[0],ok:'session'}");
    });
  });
  await once(silent, 'listening');
  return { url: `ws://${LOOPBACK}:${(silent.address() as AddressInfo).port}`, heard };
}

/** Waits for what needs sockets and no timer. */
async function waitForTurns(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !holds(); turn++) await turns();
  expect(holds()).toBe(true);
}

/** Waits until an attempt has failed that is followed by another one at once, and that one as well. */
const waitForLongWait = (page: PageClient): Promise<void> =>
  waitFor(() => (page.retryInMs ?? 0) > 100_000, 'failed attempts');

const pageEvent = (type: string, persisted: boolean): Event => Object.assign(new Event(type), { persisted });

describe('a page’s client', () => {
  test.each([
    ['the network is back', () => windowEvents.dispatchEvent(new Event('online'))],
    ['the page is seen', () => documentEvents.dispatchEvent(new Event('visibilitychange'))],
    ['the page runs again', () => documentEvents.dispatchEvent(new Event('resume'))],
  ])('dials at once when %s', async (_what, happen) => {
    const page = client();
    const call = page.call('list', 'add', 1);
    await waitForLongWait(page);
    await server.start();
    happen();
    expect(await within(call, 'the answer')).toBe(1);
    expect(page.retryInMs).toBeUndefined();
  });

  test('does not dial while the page is hidden', async () => {
    const page = client();
    page.call('list', 'add', 1).catch(() => undefined);
    await waitForLongWait(page);
    documentEvents.visibilityState = 'hidden';
    documentEvents.dispatchEvent(new Event('visibilitychange'));
    expect(page.status).toBe('waiting');
  });

  test('lets go of its WebSocket when the page is put away, and resumes its session when it is taken out again', async () => {
    await server.start();
    const page = client();
    const waited = page.call('list', 'wait');
    await waitFor(() => server.waitingCalls === 1, 'the call');
    const { session } = page.connection ?? {};
    windowEvents.dispatchEvent(pageEvent('pagehide', true));
    await turns(1);
    expect(page.status).toBe('idle');
    const meanwhile = page.call('list', 'add', 'put away');
    await waitFor(
      () => server.clients.every((connection) => !connection.handshakeDone),
      'the end of the line',
    );
    server.release();
    expect(page.status).toBe('idle');
    windowEvents.dispatchEvent(pageEvent('pageshow', true));
    expect(await within(waited, 'the answer')).toBe('waited');
    expect(await meanwhile).toBe(1);
    expect(page.connection?.session).toBe(session);
    expect(server.byes).toEqual([]);
    expect(server.logins).toEqual(['alice']);
  });

  test('gives an attempt up when the page is put away, and makes it when it is taken out again', async () => {
    await server.start();
    const page = client();
    const attempt = page.connect();
    windowEvents.dispatchEvent(pageEvent('pagehide', true));
    await expect(attempt).rejects.toMatchObject({ code: -9 });
    await turns(2);
    expect(page.status).toBe('idle');
    const call = page.call('list', 'add', 1);
    expect(page.status).toBe('idle');
    windowEvents.dispatchEvent(pageEvent('pageshow', true));
    expect(await within(call, 'the answer')).toBe(1);
  });

  test('ends its session when the page is left for good', async () => {
    await server.start();
    const page = client();
    await page.connect();
    windowEvents.dispatchEvent(pageEvent('pagehide', false));
    await waitFor(() => server.byes.length === 1, 'the bye');
    expect(server.byes).toEqual(['close']);
    await waitFor(() => server.clients.length === 0, 'its end');
  });

  test('asks whether a connection is still up, and gives it up where nothing answers', async () => {
    await server.start();
    const page = client();
    const connection = await page.connect();
    const pings: unknown[] = [];
    connection.on('outgoingMessage', (message) => {
      if ('ping' in (message as object)) pings.push(message);
    });
    windowEvents.dispatchEvent(new Event('offline'));
    expect(pings).toHaveLength(1);
    await within(connection.ping(), 'a pong');
    expect(page.status).toBe('connected');
  });

  test.each([1, 2])(
    'loses and doubles nothing, whatever meets it in whatever order (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      await server.start();
      const page = client();
      const told: unknown[] = [];
      page.fromEvent('news', 'told', (value) => told.push(value));
      await page.connect();
      const numbers = page.stream<number>('numbers', 'upTo', 400);
      const read: number[] = [];
      const reading = (async () => {
        for await (const value of numbers) read.push(value);
      })();
      const troubles = [
        () => server.cut(),
        () => void windowEvents.dispatchEvent(pageEvent('pagehide', true)),
        () => void windowEvents.dispatchEvent(new Event('offline')),
        () => void documentEvents.dispatchEvent(new Event('resume')),
        () => undefined,
      ];
      const calls: Promise<unknown>[] = [];
      for (let value = 0; value < 40; value++) {
        if (value % 2 === 0) calls.push(page.call('list', 'add', value));
        else void page.emit('list', 'note', value);
        server.connections[0]?.emitRemoteEvent('news', 'told', [value]);
        random.pick(troubles)();
        await turns(random.between(0, 3));
        if (random.happens(0.5)) continue;
        server.cut();
        await server.mend();
        windowEvents.dispatchEvent(pageEvent('pageshow', true));
      }
      server.cut();
      await server.mend();
      windowEvents.dispatchEvent(pageEvent('pageshow', true));
      await within(Promise.all(calls), 'the answers');
      await within(reading, 'the stream');
      await waitFor(() => told.length >= 40, 'the events');
      const sent = Array.from({ length: 40 }, (_, index) => index);
      expect([server.added, told]).toEqual([sent, sent]);
      expect(read).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
      expect(server.logins).toEqual(['alice']);
    },
    60_000,
  );

  test('gives a connection up on which nothing answers within five seconds of a doubt, and asks once at a time', async () => {
    const { url, heard } = await silentServer();
    const page = createClient({
      url,
      app: 'app',
      heartbeatInterval: 0,
      reconnect: { minDelayMs: 1_000_000 },
    });
    page.on('error', () => undefined);
    closing.add(() => page.close());
    await page.connect();
    fakeClock();
    closing.add(() => jest.useRealTimers());
    for (const type of ['offline', 'online', 'offline']) windowEvents.dispatchEvent(new Event(type));
    await waitForTurns(() => heard.length === 2);
    expect(heard[1]).toBe('{ping:[1]}');
    jest.advanceTimersByTime(4900);
    await turns();
    expect(page.status).toBe('connected');
    jest.advanceTimersByTime(200);
    await waitForTurns(() => page.status !== 'connected');
    expect(heard).toHaveLength(2);
  });

  test('listens to nothing any more when it is closed', async () => {
    const page = client();
    expect(windowEvents.listeners).toBeGreaterThan(0);
    await page.close();
    expect([windowEvents.listeners, documentEvents.listeners]).toEqual([0, 0]);
  });
});
