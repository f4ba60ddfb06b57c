import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import {
  connect,
  createClient,
  Session,
  SimpleConnectPolicy,
  type PageClient,
  type PageClientOptions,
} from '../../lib/browser.js';
import { ALL_EXTENSIONS } from '../support/core.js';
import { resolvePageOptions } from '../../lib/page/page-options.js';
import { Closing } from '../support/closing.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { waitFor, within } from '../support/wait-for.js';
import { PageServer } from './page-server.js';

interface List {
  add(value: unknown): number;
  wait(): string;
  askSize(): number[];
  tell(count: number): void;
}

const closing = new Closing();
let server: PageServer;

beforeEach(async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  Object.defineProperty(globalThis, 'WebSocket', { value: WebSocket, configurable: true, writable: true });
  closing.add(() => {
    if (before) Object.defineProperty(globalThis, 'WebSocket', before);
    else Reflect.deleteProperty(globalThis, 'WebSocket');
  });
  server = await PageServer.create(closing);
});
afterEach(() => closing.run());

const LOGIN = { name: 'alice', password: 'wonderland' };

/** A client that is closed at the end, and whose errors are noted. */
function client(options: Partial<PageClientOptions> = {}): PageClient & { readonly events: unknown[] } {
  const made = createClient({
    url: server.url,
    app: 'app@^1.0.0',
    login: LOGIN,
    reconnect: { minDelayMs: 5, maxDelayMs: 20 },
    ...options,
  });
  closing.add(() => made.close());
  const events: unknown[] = [];
  made.on('error', () => undefined);
  made.on('status', (status) => events.push(status));
  for (const name of ['sessionLost', 'sessionTaken', 'refused'] as const)
    made.on(name, () => events.push(name));
  return Object.assign(made, { events });
}

/** Waits until the server has let in one more client: what came before it has happened. */
async function serves({ url }: PageServer): Promise<void> {
  const connection = await connect(
    'app',
    { connectPolicy: new SimpleConnectPolicy('bob', 'wonderland') },
    url,
  );
  closing.add(() => connection.close());
}

const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => (error as { code: unknown }).code,
  );

describe('a page’s client', () => {
  test('calls, emits, streams, is called and told, over a connection that it makes by itself', async () => {
    await server.start();
    const page = client({ application: { screen: { size: () => [390, 844] } } });
    expect(page.status).toBe('idle');
    const told: unknown[] = [];
    const unsubscribe = page.fromEvent('news', 'told', (value) => told.push(value));
    const list = page.proxy<List>('list');
    expect(await list.add('called')).toBe(1);
    expect(await page.call('list', 'askSize')).toEqual([390, 844]);
    await page.emit('list', 'note', 'emitted');
    await list.tell(2);
    expect(told).toEqual([1, 2]);
    expect(server.added).toEqual(['called', 'emitted']);

    const read: number[] = [];
    for await (const value of page.stream<number>('numbers', 'upTo', 300)) read.push(value);
    expect(read).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    const queue = page.fromEvent<number>('news', 'told', { maxQueued: 3 });
    unsubscribe();
    await list.tell(3);
    expect(told).toHaveLength(2);
    for (const value of [1, 2, 3]) expect(await queue.next()).toEqual({ done: false, value });
    await list.tell(4);
    for (const value of [1, 2, 3]) expect(await queue.next()).toEqual({ done: false, value });
    await expect(queue.next()).rejects.toMatchObject({ code: -5 });
    expect(page.events).toEqual(['connecting', 'connected']);
    expect(await codeOf(page.call('list', 'nothing'))).toBe(14);
  });

  test('lets what is called and emitted wait for a server that is not there yet, and sends it in order', async () => {
    const page = client();
    const results = [page.call('list', 'add', 1), page.emit('list', 'note', 2), page.call('list', 'add', 3)];
    await waitFor(() => page.events.length > 3, 'attempts');
    expect(page.events.slice(0, 4)).toEqual(['connecting', 'waiting', 'connecting', 'waiting']);
    await server.start();
    expect(await within(Promise.all(results), 'the answers')).toEqual([1, undefined, 3]);
    expect(server.added).toEqual([1, 2, 3]);
  });

  test('resumes its session after a cut: calls under way and streams go on, what is called meanwhile follows', async () => {
    await server.start();
    const page = client();
    const waited = page.call('list', 'wait');
    await waitFor(() => server.waitingCalls === 1, 'the call');
    const numbers = page.stream<number>('numbers', 'upTo', 500);
    const read = [(await numbers.next()).value];
    server.cut();
    await waitFor(() => page.status !== 'connected', 'the cut');
    const added = [page.call('list', 'add', 'a'), page.call('list', 'add', 'b')];
    server.release();
    await server.mend();
    expect(await within(waited, 'the answer')).toBe('waited');
    expect(await Promise.all(added)).toEqual([1, 2]);
    for await (const value of numbers) read.push(value);
    expect(read).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(server.logins).toEqual(['alice']);
    expect(page.events.at(-1)).toBe('connected');
  });

  test('logs in afresh where the session is lost, with what its function says then', async () => {
    await server.start();
    let logins = 0;
    const page = client({
      login: async () => ({ name: `alice ${++logins}`, password: 'wonderland' }),
    });
    const told = page.fromEvent('news', 'told');
    const lost = page.call('list', 'wait');
    await waitFor(() => server.waitingCalls === 1, 'the call');
    await server.stop();
    await waitFor(() => page.status !== 'connected', 'the end of the server');
    const kept = page.call('list', 'add', 'kept');
    await server.start();
    expect(await within(kept, 'the answer')).toBe(1);
    expect(await codeOf(lost)).toBe(-1);
    expect(server.logins).toEqual(['alice 1', 'alice 2']);
    expect(page.events).toContain('sessionLost');
    await page.call('list', 'tell', 1);
    expect(await told.next()).toEqual({ done: false, value: 1 });
  });

  test('fails what waits where the server refuses the login, and goes on with the next login', async () => {
    await server.start();
    let credentials = 'guess';
    const page = client({ login: () => ({ strategy: 'token', credentials }) });
    expect(await codeOf(page.call('list', 'add', 1))).toBe(11);
    expect(page.events).toContain('refused');
    credentials = 'wonderland';
    await waitFor(() => page.status === 'connected', 'the next login');
    expect(server.logins.at(-1)).toBe('by token');
    expect(server.added).toEqual([]);
  });

  test('does not log in again when it is closed as it hears of a refusal', async () => {
    await server.start();
    const page = client({ login: { name: 'alice', password: 'guess' } });
    const closed = new Promise((resolve) => page.on('refused', () => resolve(page.close())));
    expect(await codeOf(page.connect())).toBe(11);
    await within(closed, 'the close');
    await serves(server);
    expect(server.logins).toEqual(['alice', 'bob']);
  });

  test('reports what its listeners throw and reject with', async () => {
    await server.start();
    const page = client();
    const errors: unknown[] = [];
    page.on('error', (error) => errors.push(error));
    page.fromEvent('news', 'told', () => {
      throw new Error('thrown');
    });
    page.fromEvent('news', 'told', () => Promise.reject(new Error('rejected')));
    await page.call('list', 'tell', 1);
    await waitFor(() => errors.length === 2, 'both errors');
    expect(errors).toEqual([new Error('thrown'), new Error('rejected')]);
  });

  test.each([
    [{ url: 'http//x' }, 'url'],
    [{ url: '/jstp' }, 'url'],
    [{ app: '' }, 'app'],
    [{ login: 'secret' }, 'login'],
    [{ login: { name: 'a', token: 'secret' } }, 'login'],
    [{ login: { strategy: 'session' } }, 'login'],
    [{ password: 'secret' }, 'options'],
    [{ reconnect: false }, 'reconnect'],
    [{ resumeTimeoutMs: -1 }, 'resumeTimeoutMs'],
    [{ timeout: 'long' }, 'timeout'],
    [{ journalMaxBytes: 1 }, 'journalMaxBytes'],
    [{ application: { screen: 1 } }, 'application.screen'],
  ])('says of %j what is wrong, and shows no secret', (options, option) => {
    const make = (): unknown => createClient({ url: 'ws://x', ...options } as PageClientOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_JSTP_CONFIGURATION', option }));
    expect(make).not.toThrow(/secret/);
  });

  test('takes the URL of a page’s own site', () => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'location');
    Object.defineProperty(globalThis, 'location', {
      value: { href: 'https://example.com/rooms/?a=b' },
      configurable: true,
    });
    closing.add(() => {
      if (before) Object.defineProperty(globalThis, 'location', before);
      else Reflect.deleteProperty(globalThis, 'location');
    });
    const urlOf = (url: PageClientOptions['url']): string => resolvePageOptions({ url }).url;
    expect(urlOf('/jstp')).toBe('wss://example.com/jstp');
    expect(urlOf('jstp')).toBe('wss://example.com/rooms/jstp');
    expect(urlOf('//other.example/jstp')).toBe('wss://other.example/jstp');
    expect(urlOf(new URL('http://example.com:81/jstp'))).toBe('ws://example.com:81/jstp');
    expect(urlOf('wss://example.com/jstp')).toBe('wss://example.com/jstp');
  });

  test('tells what its login function throws, and asks it again', async () => {
    await server.start();
    const errors: unknown[] = [];
    const page = client({
      login: () => {
        if (errors.length < 2) throw new Error('no token yet');
        return LOGIN;
      },
    });
    page.on('error', (error) => errors.push((error as Error).message));
    expect(await within(page.call('list', 'add', 1), 'the answer')).toBe(1);
    expect(errors).toEqual(['no token yet', 'no token yet']);
    expect(server.logins).toEqual(['alice']);
  });

  test('lets no more wait than fits, in number and in bytes, and no longer than resumeTimeoutMs', async () => {
    const many = client({ limits: { journalMaxEntries: 2 }, resumeTimeoutMs: 50 });
    const waits = [many.call('list', 'add', 1), many.emit('list', 'note', 2)];
    expect(await codeOf(many.call('list', 'add', 3))).toBe(-5);
    expect(await Promise.all(waits.map(codeOf))).toEqual([-9, -9]);
    const large = client({ limits: { journalMaxBytes: 1000 } });
    const first = codeOf(large.call('list', 'add', 'x'.repeat(1000)));
    expect(await codeOf(large.call('list', 'add', 1))).toBe(-5);
    const circle: unknown[] = [];
    circle.push(circle);
    expect(await codeOf(large.call('list', 'add', circle))).toBe('ERR_MDSF_CYCLE');
    await large.close();
    expect(await first).toBe(-9);
    const hasty = client({ offline: 'fail' });
    expect(await codeOf(hasty.call('list', 'add', 1))).toBe(-9);
  });

  test('counts the time and hears the signal of a call that waits for a connection', async () => {
    const page = client({ timeout: 30 });
    expect(await codeOf(page.call('list', 'add', 1))).toBe(-7);
    const abort = new AbortController();
    const { add } = page.proxy<List>('list', { timeout: 0, signal: abort.signal });
    const aborted = codeOf(add(2));
    abort.abort();
    expect(await aborted).toBe(-8);
    const stream = page.streamWith('numbers', 'upTo', [3], { timeout: 0 });
    await stream.return();
    await server.start();
    expect(await within(page.proxy<List>('list', { timeout: 0 }).add(3), 'the answer')).toBe(1);
    expect(server.added).toEqual([3]);
    expect(await codeOf(page.proxy<List>('list', { timeout: 20 }).wait())).toBe(-7);
    await expect(page.proxy<List>('list', { timeout: -1 }).wait()).rejects.toThrow('timeout must be');
  });

  test('does not fight for a session that another client has taken, until it is told to connect', async () => {
    await server.start();
    const page = client();
    const { session } = await page.connect();
    const copy = Session.fromString(session?.toString() ?? '');
    const thief = await connect(
      'app@^1.0.0',
      {
        session: copy as never,
        reconnector: () => undefined,
        extensions: ALL_EXTENSIONS,
      },
      server.url,
    );
    closing.add(() => thief.close());
    await waitFor(() => page.status === 'taken', 'the takeover');
    expect(await codeOf(page.call('list', 'add', 1))).toBe(-4);
    expect(page.status).toBe('taken');
    await page.connect();
    expect(await page.call('list', 'add', 1)).toBe(1);
    expect(thief.handshakeDone).toBe(true);
    expect(page.events).toContain('sessionTaken');
  });

  test('leaves nothing open when it is closed: calls fail, iterables end, the session goes', async () => {
    await server.start();
    await serves(server);
    const before = countHandles();
    const page = client({ limits: { drainTimeoutMs: 0 }, timeout: 1_000_000 });
    await page.connect();
    const events = page.fromEvent('news', 'told');
    const ended = events.next();
    const call = codeOf(page.call('list', 'wait'));
    const stream = page.stream('numbers', 'upTo', 1e9);
    await stream.next();
    await waitFor(() => server.waitingCalls === 1, 'the call');
    await within(page.close(), 'the close');
    expect(await ended).toEqual({ done: true, value: undefined });
    expect(await call).toBe(-1);
    await waitFor(() => server.byes.length === 1, 'the bye');
    expect(server.byes).toEqual(['close']);
    expect(page.status).toBe('closed');
    expect(await codeOf(page.connect())).toBe(-9);
    expect(await codeOf(page.call('list', 'add', 1))).toBe(-9);
    expect(await page.fromEvent('news', 'told').next()).toEqual({ done: true, value: undefined });
    await page.close();
    await waitFor(() => server.clients.length === 1, 'its end at the server');
    await expectNoNewHandles(before);
  });
});
