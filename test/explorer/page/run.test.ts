import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CallRun, MAX_VALUES } from '../../../lib/explorer/page/state/call-run.js';
import { EventLog } from '../../../lib/explorer/page/state/event-log.js';
import { StreamFeed } from '../../../lib/explorer/page/state/stream-feed.js';
import {
  createTappedClient,
  inspectMethods,
  type ExplorerClient,
} from '../../../lib/explorer/page/state/tapped-client.js';
import { Explorer } from '../../../lib/explorer/page/state/explorer.js';
import { History } from '../../../lib/explorer/page/model/history.js';
import { WebSocket } from 'ws';
import { PageServer } from '../../page/page-server.js';
import { Closing } from '../../support/closing.js';
import { waitFor } from '../../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** A client whose calls are answered by an iterator. */
function clientOf(values: AsyncIterator<unknown>): ExplorerClient {
  const stream = { next: () => values.next(), return: () => values.return?.() };
  return { streamWith: () => stream } as unknown as ExplorerClient;
}

let clock = 0;
const host = { now: () => clock++, shown: () => Promise.resolve() };
const target = { interfaceName: 'i', name: 'm', args: [], streams: [], timeoutMs: 0 };

describe('a call', () => {
  test('reads nothing while it is paused, one value by a step, and the rest when it goes on', async () => {
    let asked = 0;
    async function* numbers(): AsyncGenerator<number> {
      for (let number = 1; number <= 4; number++) {
        asked++;
        yield number;
      }
    }
    const run = new CallRun(clientOf(numbers()), target, host);
    run.pause();
    await waitFor(() => asked === 1, 'the value that was asked for');
    await Promise.resolve();
    run.step();
    await waitFor(() => run.view.value.count === 2, 'the second value');
    expect([run.view.value.state, asked]).toEqual(['paused', 2]);
    run.resume();
    await run.ended;
    expect(run.view.value).toMatchObject({ state: 'done', count: 4 });
    expect(run.view.value.values.map(({ value }) => value)).toEqual([1, 2, 3, 4]);
  });

  test('keeps the last values of many', async () => {
    async function* many(): AsyncGenerator<number> {
      for (let number = 1; number <= MAX_VALUES + 10; number++) yield number;
    }
    const run = new CallRun(clientOf(many()), target, host);
    await run.ended;
    expect([run.view.value.count, run.view.value.values.length, run.view.value.values[0].value]).toEqual([
      MAX_VALUES + 10,
      MAX_VALUES,
      11,
    ]);
  });

  test('that is cancelled leaves its stream, and shows nothing that comes later', async () => {
    let isLeft = false;
    const values = {
      next: () => new Promise<never>(() => {}),
      return: async () => ((isLeft = true), { done: true as const, value: undefined }),
    };
    const run = new CallRun(clientOf(values), { ...target, streams: [0] }, host);
    run.cancel();
    expect([run.view.value.state, isLeft, run.feeds.get(0)?.view.value.state]).toEqual([
      'cancelled',
      true,
      'left',
    ]);
  });

  test('that fails shows why', async () => {
    const values = { next: () => Promise.reject(new Error('no')) };
    const run = new CallRun(clientOf(values), target, host);
    await run.ended;
    expect(run.view.value).toMatchObject({ state: 'failed', error: { message: 'no' } });
  });
});

test('a stream of typed values gives them as they are asked for, and ends behind them', async () => {
  const feed = new StreamFeed();
  const first = feed.next();
  feed.push(1);
  feed.push(2);
  expect(await first).toEqual({ done: false, value: 1 });
  expect(feed.view.value).toEqual({ sent: 1, waiting: 1, state: 'open' });
  feed.end();
  expect([feed.push(3), await feed.next(), await feed.next()]).toEqual([
    false,
    { done: false, value: 2 },
    { done: true, value: undefined },
  ]);
});

test('the log of events shows those that are watched, and none while it is paused', () => {
  const log = new EventLog(() => 0);
  log.add('rooms', 'said', [1]);
  log.watch('rooms.joined');
  log.add('rooms', 'said', [2]);
  log.add('rooms', 'joined', [3]);
  log.isPaused.set(true);
  log.add('rooms', 'joined', [4]);
  expect([log.entries.value.map(({ args }) => args[0]), log.count.value]).toEqual([[1, 3], 4]);
  log.unwatch('rooms.joined');
  log.isPaused.set(false);
  for (let count = 0; count < 400; count++) log.add('a', 'b', []);
  expect(log.entries.value).toHaveLength(300);
});

describe('the explorer at a server', () => {
  beforeEach(() => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    Object.defineProperty(globalThis, 'WebSocket', { value: WebSocket, configurable: true, writable: true });
    closing.add(() => {
      Reflect.deleteProperty(globalThis, 'WebSocket');
      if (before) Object.defineProperty(globalThis, 'WebSocket', before);
    });
  });

  async function explorerAt(server: PageServer): Promise<Explorer> {
    const explorer = new Explorer({
      settings: {
        url: server.url,
        version: '',
        title: '',
        applications: [],
        reflection: false,
        administration: false,
      },
      url: server.url,
      ...host,
      today: () => 0,
      history: new History(undefined),
      createClient: createTappedClient,
    });
    closing.add(() => explorer.logOut());
    return explorer;
  }

  test('shows why it is not let in; its traffic has neither password nor session', async () => {
    const server = await PageServer.create(closing);
    await server.start();
    const explorer = await explorerAt(server);
    await explorer.logIn({ app: 'app', version: '', login: { name: 'alice', password: 'guess' } });
    expect([explorer.screen.value, explorer.loginError.value?.code]).toEqual(['login', 11]);
    await explorer.logIn({ app: 'app', version: '', login: { name: 'alice', password: 'wonderland' } });
    expect([explorer.screen.value, explorer.status.value, explorer.shownLogin]).toEqual([
      'main',
      'connected',
      { kind: 'login', name: 'alice' },
    ]);
    const texts = JSON.stringify(explorer.traffic.entries.value);
    expect(explorer.traffic.entries.value[0].kind).toBe('handshake');
    expect(texts).not.toMatch(/wonderland|guess/);
    const id = explorer.client?.connection?.session?.id;
    expect(id).toEqual(expect.any(String));
    expect(texts).not.toContain(id);
  });

  test('finds the methods of an interface by its name, and tells of a session that is resumed', async () => {
    const server = await PageServer.create(closing);
    await server.start();
    const explorer = await explorerAt(server);
    await explorer.logIn({ app: 'app', version: '', login: { name: 'alice', password: 'wonderland' } });
    expect(await explorer.inspect('nothing')).toMatchObject({ code: 12 });
    expect(await explorer.inspect('list')).toBeUndefined();
    expect(explorer.catalogue.value.interfaces.map(({ name }) => name)).toEqual(['list']);
    if (!explorer.client) throw new Error('There is no client');
    expect(await inspectMethods(explorer.client, 'list')).toContain('add');
    server.cut();
    await server.mend();
    explorer.client.wake();
    const isTold = (text: string) =>
      explorer.notices.shown.value.some((notice) => notice.text.includes(text));
    await waitFor(() => isTold('resumed'), 'the resume');
    expect(isTold('The connection is lost')).toBe(true);
  });
});
